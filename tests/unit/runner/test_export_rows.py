"""The rows of an export are those of a plain join, in an order that only content decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from prefdata.catalog import Catalog, Session
from prefdata.core.errors import RelationError, UnknownNameError
from prefdata.protocols import MORE_COLUMNS, Policies
from prefdata.runner import export_rows
from prefdata.runner.export_rows import Rows, Selection, rows_of, settle
from prefdata.schema import conform, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__: list[str] = []

Row = dict[str, Any]

_N = 23
_SOURCES = ("toy", "hh-rlhf")
"""One without a card, and one with the licence MIT on its judgments."""
_ROLES = ("user", "assistant")
_WITH_MIT = {"CC-BY-4.0": "CC-BY-4.0 AND MIT", "A OR B": "(A OR B) AND (MIT)"}
"""Licences of prompts that hold what an assistant said, which is under MIT here."""


def _rows(session: Session, selection: Selection, **asked: Any) -> Rows:
    return rows_of(session, selection, settle(session, selection), **asked)


def _world() -> dict[str, list[Row]]:
    """Pairs of two sources, whose ids stand in another order than the rows."""
    tables: dict[str, list[Row]] = {
        name: [] for name in ("prompts", "responses", "judgments", "annotators", "pairs", "splits")
    }
    tables["decisions"] = []
    for n in range(_N):
        source = _SOURCES[n % 3 == 0]
        prompt, who = f"{source}:{n}", f"{source}:who{n % 2}"
        raw = {"revision": "r1", "file": "raw.jsonl", "row": n, "source": source}
        tables["prompts"].append(
            {
                "prompt_id": prompt,
                **raw,
                "subset": "base" if n % 4 else None,
                "turn": 0,
                "messages": [{"role": _ROLES[n % 3 == 2], "content": f"q{n}"}],
                "system": "Be kind." if n % 5 == 0 else None,
                "language": "en",
                "topic": "tea",
                "license": (None, "CC-BY-4.0", "A OR B", "MIT")[n % 4],
                "content_hash": str(n),
            }
        )
        for side in "ab":
            tail = [
                {"role": "user", "content": "?"},
                {"role": "assistant", "content": f"{side}{n}"},
            ]
            tables["responses"].append(
                {
                    "response_id": f"{prompt}/{side}",
                    "prompt_id": prompt,
                    "source": source,
                    "messages": tail[1:] if n % 7 else [tail[1], *tail],
                    "text": f"{side}{n}",
                    "model": f"model-{side}" if n % 3 else None,
                    "license": "MIT" if side == "a" else None,
                    "content_hash": f"{side}{n}",
                }
            )
        tables["judgments"].append(
            {
                "judgment_id": f"{prompt}/j",
                "prompt_id": prompt,
                "source": source,
                "annotator_id": who,
                "aspect": "overall",
                "protocol": "rating",
                "response_ids": [f"{prompt}/b", f"{prompt}/a"],
                "is_order_known": True,
                "scores": [1.0, None if n == 4 else 3.0 + n],
            }
        )
        pooled = n % 6 == 5
        tables["pairs"].append(
            {
                "pair_id": f"{(n * 7919) % 1000:04}",
                "source": source,
                "prompt_id": prompt,
                "chosen_id": f"{prompt}/a",
                "rejected_id": f"{prompt}/b",
                "judgment_id": None if pooled else f"{prompt}/j",
                "annotator_id": None if pooled else who,
                "aspect": "overall",
                "margin": 2.0 + n,
                "margin_unit": "points of 1-30",
                "n_votes": 1,
                "rule": "ratings",
                "stage": "make-pairs",
            }
        )
        if n % 5:
            split = {"split": "test" if n % 2 else "train", "spot": 0.5, "stage": "by-prompt"}
            tables["splits"].append({"prompt_id": prompt, "source": source, **split})
        kept = {"is_kept": n % 4 != 0, "reason": None if n % 4 else "flag:x", "stage": "select"}
        tables["decisions"].append(
            {"pair_id": tables["pairs"][-1]["pair_id"], "source": source, **kept}
        )
    tables["annotators"] = [
        {
            "annotator_id": f"{source}:who{n}",
            "source": source,
            "kind": ("human", "model")[n],
            "model": (None, "gpt-4")[n],
        }
        for source in _SOURCES
        for n in range(2)
    ]
    return tables


_WORLD = _world()
_STAGED = {"pairs": "make-pairs", "splits": "by-prompt", "decisions": "select"}


def _put(catalog: Catalog, tables: dict[str, list[Row]]) -> None:
    with catalog.write() as write:
        for name, rows in tables.items():
            for source in _SOURCES:
                own = [row for row in rows if row["source"] == source]
                key = (source, _STAGED[name]) if name in _STAGED else (source,)
                frame = pl.DataFrame(own, infer_schema_length=None)
                write.put(name, key, conform(frame, table_schema(name)))
        write.commit("world")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    made = Catalog.create(tmp_path_factory.mktemp("rows") / "w")
    _put(made, _WORLD)
    return made


@pytest.fixture(scope="module")
def session(catalog: Catalog) -> Iterator[Session]:
    with Session(catalog.workspace, catalog.snapshot().state) as opened:
        yield opened


def _plainly(selection: Selection) -> list[Row]:
    """Join by hand."""
    by = {
        name: {row[key]: row for row in _WORLD[name]}
        for name, key in (
            ("prompts", "prompt_id"),
            ("responses", "response_id"),
            ("judgments", "judgment_id"),
            ("annotators", "annotator_id"),
            ("splits", "prompt_id"),
            ("decisions", "pair_id"),
        )
    }
    rows = []
    for pair in sorted(_WORLD["pairs"], key=lambda row: str(row["pair_id"])):
        decided = selection.decisions is None or by["decisions"][pair["pair_id"]]["is_kept"]
        if decided and (selection.sources is None or pair["source"] in selection.sources):
            rows.append(_row(pair, by, selection))
    return rows


def _row(pair: Row, by: dict[str, dict[str, Row]], selection: Selection) -> Row:
    prompt, chosen, rejected = (
        by["prompts"][pair["prompt_id"]],
        by["responses"][pair["chosen_id"]],
        by["responses"][pair["rejected_id"]],
    )
    judgment = by["judgments"].get(pair["judgment_id"])
    annotator = by["annotators"].get(pair["annotator_id"], {})
    system = [{"role": "system", "content": prompt["system"]}] if prompt["system"] else []
    split = by["splits"].get(pair["prompt_id"], {}).get("split", "train")
    own = "MIT" if pair["source"] == "hh-rlhf" else prompt["license"]
    is_said = prompt["messages"][0]["role"] == "assistant"
    asked = (is_said and _WITH_MIT.get(prompt["license"])) or prompt["license"] or "NOASSERTION"
    return {
        **{name: pair.get(name) for name in pair},
        "strength": None,
        "subset": prompt["subset"],
        "prompt": system + prompt["messages"],
        "chosen": chosen["messages"],
        "rejected": rejected["messages"],
        "chosen_model": chosen["model"],
        "rejected_model": rejected["model"],
        "language": "en",
        "split": split if selection.splits else "train",
        "topic": "tea",
        "annotator_kind": annotator.get("kind"),
        "annotator_model": annotator.get("model"),
        "chosen_score": judgment["scores"][1] if judgment else None,
        "rejected_score": judgment["scores"][0] if judgment else None,
        "source_revision": "r1",
        "source_row_id": f"raw.jsonl#{prompt['row']}",
        "prompt_license": asked,
        "chosen_license": "MIT",
        "rejected_license": "NOASSERTION",
        "annotation_license": own or "NOASSERTION",
    }


_selections = st.builds(
    Selection,
    pairs=st.just("make-pairs"),
    decisions=st.sampled_from((None, "select")),
    splits=st.sampled_from((None, "by-prompt")),
    sources=st.sampled_from((None, ("toy",), ("hh-rlhf", "toy"), ())),
)


@settings(max_examples=8, deadline=None)
@given(
    selection=_selections,
    more=st.permutations(MORE_COLUMNS),
    n_more=st.integers(0, 15),
    block=st.sampled_from((3, 5, _N - 1, 1 << 18)),
)
def test_rows_are_those_of_a_plain_join(
    session: Session, selection: Selection, more: list[str], n_more: int, block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_rows, "_BATCH_ROWS", 4)
        patch.setattr(export_rows, "_BLOCK_PAIRS", block)
        rows = _rows(session, selection, more=more[:n_more])
        frames = list(rows.batches())
    wanted = _plainly(selection)
    assert rows.n_selected == rows.n_kept == len(wanted)
    assert rows.left_out == {}
    assert {frame.height for frame in frames[:-1]} <= {4}
    if frames:
        found = pl.concat(frames)
        assert found.columns[-n_more:] == more[:n_more] or not n_more
        plain = pl.DataFrame(wanted, schema_overrides=found.schema, infer_schema_length=None)
        assert_frame_equal(found, plain.select(found.columns))


def test_policies_are_counted_and_their_pairs_do_not_come(session: Session) -> None:
    listed = pl.DataFrame({"subject": ["annotators"], "id": ["toy:who1"]})
    selection = Selection("make-pairs", policies=Policies(repeats="once"), removals=listed)
    rows = _rows(session, selection)
    found = pl.concat(list(rows.batches()))
    assert rows.left_out == {"removed": _N - found.height}
    assert "toy:who1" not in found["annotator_id"]
    ids = session.connection.table(rows.table).pl()["pair_id"].to_list()
    assert ids == found["pair_id"].to_list() == sorted(ids)


def test_rows_can_be_read_twice_and_several_at_a_time(session: Session) -> None:
    one = _rows(session, Selection("make-pairs"))
    other = _rows(session, Selection("make-pairs", sources=("toy",)))
    both = zip(one.batches(), one.batches(), other.batches(), strict=True)
    ((first, again, part),) = both
    assert_frame_equal(first, again)
    assert_frame_equal(first.filter(source="toy"), part)


def test_a_column_that_nobody_offers_is_named(session: Session) -> None:
    with pytest.raises(UnknownNameError, match="column of an export named 'topics'"):
        _rows(session, Selection("make-pairs"), more=("topics",))


def test_policies_leave_the_same_out_block_by_block(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = pl.DataFrame({"subject": ["annotators"], "id": ["toy:who1"]})
    selection = Selection("make-pairs", removals=listed)
    at_once = pl.concat(list(_rows(session, selection).batches()))
    monkeypatch.setattr(export_rows, "_BLOCK_PAIRS", 2)
    in_blocks = pl.concat(list(_rows(session, selection).batches()))
    assert_frame_equal(in_blocks, at_once)


@pytest.mark.parametrize("block", [4, 1 << 18])
@pytest.mark.parametrize("table", ["prompts", "responses"])
def test_a_missing_text_is_an_error_and_no_other_text(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, table: str, block: int
) -> None:
    monkeypatch.setattr(export_rows, "_BLOCK_PAIRS", block)
    whole = Catalog.create(tmp_path / "w")
    rows = [row for n, row in enumerate(_WORLD[table]) if n != 6]
    names = ("prompts", "responses", "pairs")
    _put(whole, {name: rows if name == table else _WORLD[name] for name in names})
    with Session(whole.workspace, whole.snapshot().state) as session:
        found = _rows(session, Selection("make-pairs"))
        with pytest.raises(RelationError, match="not there"):
            list(found.batches())
