"""The adapter `trl`: every shape, to canonical tables and back."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import PrefdataError, SourceDriftError
from prefdata.protocols import Context, RawFile
from prefdata.schema import table_schema
from prefdata.schema.checks import check, check_keys
from prefdata.sources.trl import TrlParams, trl

if TYPE_CHECKING:
    from random import Random

__all__: list[str] = []

_REAL = (
    "ultrafeedback-binarized/train-1000.jsonl",
    "hh-rlhf/helpful-base/test.reconstructed-1000.jsonl",
)


def _read(files: dict[str, bytes], **params: Any) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Return tables and rejects of some files; no row is lost and every contract is kept."""
    with tempfile.TemporaryDirectory() as folder:
        raws = []
        for name, data in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            raws.append(RawFile(path, name))
        settings = TrlParams(name="mine", **params)
        bundles = list(trl.read(trl.select(raws), settings, Context()))
    tables: dict[str, list[pl.DataFrame]] = {}
    for bundle in bundles:
        kept = {
            (file, row)
            for name, frame in bundle.tables.items()
            if name not in ("annotators", "flags")
            for file, row in frame.select("file", "row").iter_rows()
        }
        lost = set(bundle.rejects.select("file", "row").iter_rows())
        assert not kept & lost
        assert bundle.rows_in == len(kept) + bundle.rejects.height
        for name, frame in bundle.tables.items():
            tables.setdefault(name, []).append(frame)
    whole = {name: pl.concat(frames) for name, frames in tables.items()}
    for name, frame in whole.items():
        assert not check(frame, table_schema(name)).rejects.height
        assert not check_keys(frame, table_schema(name)).rejects.height
    return whole, pl.concat([bundle.rejects for bundle in bundles])


def _lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _one(row: dict[str, Any]) -> dict[str, pl.DataFrame]:
    tables, rejects = _read({"t.jsonl": _lines(row)})
    assert not rejects.height
    assert trl.rebuild(tables) == {"t.jsonl": [row]}
    return tables


def _turn(role: str, content: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def test_the_example_comes_back_as_it_was() -> None:
    tables, rejects = _read(dict(trl.example))
    assert not rejects.height
    expected: dict[str, list[Any]] = {}
    for name, data in trl.example.items():
        text = data.decode()
        expected[name] = (
            list(csv.DictReader(io.StringIO(text)))
            if name.endswith(".csv")
            else [json.loads(line) for line in text.splitlines()]
        )
    assert trl.rebuild(tables) == expected


def test_an_explicit_row_keeps_its_space_scores_and_margin() -> None:
    tables = _one(
        {
            "prompt": "The sky is",
            "chosen": " blue.",
            "rejected": " loud.",
            "score_chosen": 8,
            "score_rejected": 2.5,
            "margin": 0.5,
            "chosen_model": "m1",
            "source": "somewhere",
        }
    )
    assert tables["prompts"]["messages"].to_list() == [[_turn("user", "The sky is")]]
    assert tables["responses"]["text"].to_list() == [" blue.", " loud."]
    assert tables["responses"]["model"].to_list() == ["m1", None]
    [judgment] = tables["judgments"].to_dicts()
    assert judgment["chosen"] == [True, False]
    assert judgment["scores"] == [8.0, 2.5]
    assert (judgment["protocol"], judgment["outcome"]) == ("pairwise", "chosen")
    assert judgment["strength"] == "0.5"
    assert judgment["is_order_known"] is False
    assert json.loads(tables["prompts"]["raw"][0])["source"] == "somewhere"
    assert tables["annotators"].select("annotator_id", "kind").rows() == [
        ("mine:annotators", "group")
    ]


def test_the_prompt_of_an_implicit_row_is_what_both_begin_with() -> None:
    shared = [_turn("system", "Be brief."), _turn("user", "Hi.")]
    tables = _one(
        {
            "chosen": [*shared, _turn("assistant", "Yes.")],
            "rejected": [*shared, _turn("assistant", "No."), _turn("user", "?")],
        }
    )
    [prompt] = tables["prompts"].to_dicts()
    assert prompt["messages"] == shared
    # It stands in the messages; with `system` too, every export would have it twice.
    assert prompt["system"] is None
    assert tables["responses"]["messages"].list.len().to_list() == [1, 2]


def test_equal_conversations_keep_a_message_each() -> None:
    same = [_turn("user", "Hi."), _turn("assistant", "Yes.")]
    tables = _one({"chosen": same, "rejected": same})
    assert tables["responses"]["text"].to_list() == ["Yes.", "Yes."]


def test_conversations_without_a_common_start_are_flagged() -> None:
    tables = _one({"chosen": [_turn("user", "A")], "rejected": [_turn("user", "B")]})
    assert tables["flags"]["flag"].to_list() == ["no-shared-prompt"]


def test_the_prompt_of_implicit_strings_is_not_guessed() -> None:
    tables = _one({"chosen": "\n\nHuman: Hi\n\nAssistant: A", "rejected": "\n\nHuman: Hi\n\nAssis"})
    assert tables["prompts"]["messages"].to_list() == [[]]
    assert tables["responses"]["text"][0] == "\n\nHuman: Hi\n\nAssistant: A"
    assert tables["flags"].select("subject", "flag").rows() == [("prompts", "implicit-string")]


def test_a_prompt_that_the_conversations_restate_stands_once() -> None:
    first = _turn("user", "Which tea?")
    tables = _one(
        {
            "prompt": "Which tea?",
            "chosen": [first, _turn("assistant", "White.")],
            "rejected": [first, _turn("assistant", "Tea.")],
        }
    )
    assert tables["prompts"]["messages"].to_list() == [[first]]
    assert tables["responses"]["messages"].to_list() == [
        [_turn("assistant", "White.")],
        [_turn("assistant", "Tea.")],
    ]


def test_sharegpt_turns_and_tool_calls_lose_nothing() -> None:
    tables = _one(
        {
            "prompt": [{"from": "human", "value": "Weather?", "weight": 0}],
            "chosen": [
                {"role": "assistant", "content": None, "tool_calls": [{"name": "w"}]},
                _turn("tool", "18", name="w"),
                _turn("assistant", "18."),
            ],
            "rejected": {"from": "gpt", "value": "?"},
        }
    )
    assert tables["prompts"]["messages"].to_list() == [[_turn("user", "Weather?")]]
    assert tables["responses"]["messages"][0].to_list()[:2] == [
        _turn("assistant", ""),
        _turn("tool", "18"),
    ]


@pytest.mark.parametrize(("label", "score"), [(True, 1.0), (False, 0.0), ("True", 1.0), (0, 0.0)])
def test_an_unpaired_row_is_one_rated_response(label: Any, score: float) -> None:
    tables = _one({"prompt": "Say yes.", "completion": "Yes.", "label": label})
    [judgment] = tables["judgments"].to_dicts()
    assert judgment["protocol"] == "likert"
    assert judgment["outcome"] is None
    assert judgment["scores"] == [score]
    assert judgment["raw_values"] == [label if isinstance(label, str) else json.dumps(label)]
    assert (judgment["scale_min"], judgment["scale_max"]) == (0.0, 1.0)
    assert judgment["chosen"] is None


_GOOD = {"prompt": "p", "chosen": "a", "rejected": "b"}


@pytest.mark.parametrize(
    ("row", "field", "rule"),
    [
        ({"prompt": "p", "chosen": "a"}, "rejected", "missing-field"),
        ({"prompt": "p", "chosen": None, "rejected": "b"}, "chosen", "missing-field"),
        ({"prompt": "p", "completion": "c", "label": "maybe"}, "label", "unknown-value"),
        ({"prompt": "p", "completion": "c", "label": None}, "label", "missing-field"),
        ({"completion": "c", "label": True}, "prompt", "missing-field"),
        ({"prompt": "p", "completions": ["c"], "labels": [True]}, "completions", "stepwise"),
        ({"prompt": "p", "chosen": [], "rejected": "b"}, "chosen", "empty-messages"),
        ({"chosen": "a", "rejected": [_turn("user", "b")]}, "rejected", "wrong-type"),
        ({"prompt": 3, "chosen": "a", "rejected": "b"}, "prompt", "wrong-type"),
        ([], None, "wrong-type"),
    ],
)
def test_a_row_of_no_shape_is_rejected_by_field_and_rule(
    row: Any, field: str | None, rule: str
) -> None:
    tables, rejects = _read({"t.jsonl": _lines(_GOOD, row)})
    assert rejects.select("row", "field", "rule").rows() == [(1, field, rule)]
    assert trl.rebuild(tables) == {"t.jsonl": [_GOOD]}


def test_a_file_of_stepwise_rows_is_an_error_that_says_so() -> None:
    with pytest.raises(SourceDriftError, match="stepwise"):
        _read({"t.jsonl": _lines({"prompt": "p", "completions": ["c"], "labels": [True]})})


def test_equal_rows_have_different_ids_and_no_id_depends_on_the_order() -> None:
    other = {"prompt": "q", "chosen": "a", "rejected": "b"}
    tables, _ = _read({"t.jsonl": _lines(_GOOD, other, _GOOD)})
    turned, _ = _read({"t.jsonl": _lines(_GOOD, _GOOD, other)})
    assert set(tables["prompts"]["prompt_id"]) == set(turned["prompts"]["prompt_id"])
    apart, _ = _read({"a.jsonl": _lines(_GOOD), "b.jsonl": _lines(_GOOD)})
    assert apart["prompts"]["prompt_id"].n_unique() == 2
    assert not apart["prompts"]["prompt_id"].str.contains("~", literal=True).any()


def test_ids_are_fixed() -> None:
    tables = _one(_GOOD)
    assert tables["prompts"]["prompt_id"].to_list() == ["mine:8b8faa90356c6c4db5648a5f9f878f8e"]


def test_the_split_is_given_or_stated_by_the_name() -> None:
    files = {"data/train-00000-of-00001.jsonl": _lines(_GOOD), "x.jsonl": _lines(_GOOD)}
    tables, _ = _read(files)
    assert tables["prompts"].sort("file")["split"].to_list() == ["train", None]
    tables, _ = _read(files, split="dev", license="MIT")
    assert set(tables["prompts"]["split"]) == {"dev"}
    assert set(tables["responses"]["license"]) == {"MIT"}


# --- rows that hypothesis makes ---------------------------------------------------------------

_TEXT = st.text(max_size=6)
_TURNS = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "tool"]), "content": _TEXT},
        optional={"name": _TEXT},
    ),
    min_size=1,
    max_size=3,
)
_SHAREGPT = st.lists(
    st.fixed_dictionaries({"from": st.sampled_from(["human", "gpt", "system"]), "value": _TEXT}),
    min_size=1,
    max_size=3,
)
_PLAIN_TURNS = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": _TEXT}),
    min_size=1,
    max_size=3,
)
_EXTRA = {
    "score_chosen": st.none() | st.integers(0, 9) | st.floats(0, 9) | _TEXT,
    "margin": st.none() | st.floats(allow_nan=False),
    "meta": st.dictionaries(_TEXT, st.none() | st.lists(_TEXT, max_size=2), max_size=2),
    "prefdata": _TEXT,
}
_CELL = _TEXT | _TURNS | _SHAREGPT
_ROW = st.one_of(
    st.fixed_dictionaries({"prompt": _CELL, "chosen": _CELL, "rejected": _CELL}, optional=_EXTRA),
    st.fixed_dictionaries({"prompt": _CELL, "completion": _CELL, "label": st.booleans()}),
    st.fixed_dictionaries({"chosen": _TURNS, "rejected": _TURNS}, optional=_EXTRA),
    st.fixed_dictionaries({"chosen": _TEXT, "rejected": _TEXT}, optional=_EXTRA),
)
_TABLE = st.one_of(
    st.lists(
        st.fixed_dictionaries(
            {"prompt": _TEXT, "chosen": _TEXT, "rejected": _TEXT, "score_chosen": st.floats(0, 9)}
        ),
        min_size=1,
        max_size=5,
    ),
    st.lists(
        st.fixed_dictionaries({"chosen": _PLAIN_TURNS, "rejected": _PLAIN_TURNS}),
        min_size=1,
        max_size=5,
    ),
    st.lists(
        st.fixed_dictionaries(
            {"prompt": _PLAIN_TURNS, "chosen": _PLAIN_TURNS, "rejected": _PLAIN_TURNS}
        ),
        min_size=1,
        max_size=5,
    ),
)


@given(st.lists(_ROW, min_size=1, max_size=6))
def test_any_rows_come_back_as_they_were(rows: list[dict[str, Any]]) -> None:
    tables, rejects = _read({"t.jsonl": _lines(*rows)})
    assert not rejects.height
    assert trl.rebuild(tables) == {"t.jsonl": rows}


@given(_TABLE)
def test_columns_and_single_rows_give_the_same_tables(rows: list[dict[str, Any]]) -> None:
    regular, _ = _read({"t.jsonl": _lines(*rows)})
    # A row of its own kind sends the whole stretch the slow way.
    odd = {"chosen": "x", "rejected": "y", "odd": None}
    slow, _ = _read({"t.jsonl": _lines(*rows, odd)})
    for name, frame in regular.items():
        if "row" in frame.columns and name != "annotators":
            assert frame.equals(slow[name].filter(pl.col("row") < len(rows)))
    assert trl.rebuild(regular) == {"t.jsonl": rows}


@given(_TABLE)
def test_parquet_gives_the_same_words_as_json_lines(rows: list[dict[str, Any]]) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    tables, _ = _read({"t.parquet": sink.getvalue()})
    lines, _ = _read({"t.jsonl": _lines(*rows)})
    assert trl.rebuild(tables)["t.parquet"] == rows
    for name in ("prompts", "responses"):
        assert tables[name]["content_hash"].equals(lines[name]["content_hash"])


_JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, 3, 2.5, True, "", "\ud800", [], {}, [None], [{}], [{"role": "x"}]]
)


@given(st.randoms(use_true_random=False), st.data())
def test_mutated_rows_are_kept_or_rejected(rng: Random, data: st.DataObject) -> None:
    for name, whole in trl.example.items():
        if name.endswith(".csv"):
            continue
        rows = [json.loads(line) for line in whole.splitlines()]
        broken = json.loads(json.dumps(rng.choice(rows)))
        key = rng.choice(list(broken))
        match rng.randrange(3):
            case 0:
                del broken[key]
            case 1:
                broken[key] = data.draw(_JUNK)
            case _:
                broken[f"{key}x"] = broken.pop(key)
        tables, _ = _read({name: _lines(*rows, broken)})
        assert trl.rebuild(tables)[name][: len(rows)] == rows


@given(st.sampled_from(sorted(trl.example)), st.data())
def test_mutated_bytes_raise_only_our_errors(name: str, data: st.DataObject) -> None:
    whole = bytearray(trl.example[name])
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PrefdataError):
        _read({name: bytes(whole)})


@pytest.mark.parametrize("name", _REAL)
def test_real_rows_come_back_as_they_were(name: str) -> None:
    # The rows have licences of their own, so they do not ship with the tests.
    beside = Path(__file__).parents[4] / "shared" / "data"
    path = Path(os.environ.get("PREFDATA_REAL_DATA") or beside) / name
    if not path.is_file():
        pytest.skip("no real rows here: set PREFDATA_REAL_DATA")
    data = path.read_bytes()
    tables, rejects = _read({path.name: data})
    assert not rejects.height
    assert trl.rebuild(tables) == {path.name: [json.loads(row) for row in data.splitlines()]}
