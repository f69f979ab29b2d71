from __future__ import annotations

import copy
import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.core.errors import PrefdataError, SourceDriftError
from prefdata.protocols import Context, NoParams, RawFile
from prefdata.schema import check, table_schema
from prefdata.sources.ultrafeedback_binarized import ultrafeedback_binarized
from prefdata.tables.identity import hash_messages

REAL = (
    Path(__file__).parents[4] / "shared" / "data" / "ultrafeedback-binarized" / "train-1000.jsonl"
)
Row = dict[str, Any]
Tables = dict[str, pl.DataFrame]


def rows_of(name: str, content: bytes) -> list[Row]:
    if name.endswith(".parquet"):
        return list(pq.read_table(pa.BufferReader(content)).to_pylist())
    return [json.loads(line) for line in content.split(b"\n") if line.strip()]


def as_lines(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_frame(kind: str, rows: list[Row]) -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pylist(rows)
    if kind == "parquet":
        pq.write_table(table, sink)
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return bytes(sink.getvalue())


EXAMPLE = {name: rows_of(name, data) for name, data in ultrafeedback_binarized.example.items()}
H4 = EXAMPLE["data/train_prefs-00000-of-00001.parquet"]
GEN = EXAMPLE["data/test_gen-00000-of-00001.parquet"]
ARGILLA = EXAMPLE["argilla/train.jsonl"]
ARGILLA_1 = EXAMPLE["argilla-v1/train.jsonl"]
TRL = EXAMPLE["trl/train.jsonl"]
TEXTS = EXAMPLE["texts/train-4.jsonl"]


def read(files: dict[str, bytes]) -> tuple[Tables, pl.DataFrame, int]:
    """Read files by name into whole tables, rejects and the number of raw rows."""
    with tempfile.TemporaryDirectory() as folder:
        raws = []
        for name, content in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            raws.append(RawFile(path, name, revision="r1"))
        chosen = ultrafeedback_binarized.select(raws)
        bundles = list(ultrafeedback_binarized.read(chosen, NoParams(), Context()))
    names = {name for bundle in bundles for name in bundle.tables}
    tables = {n: pl.concat(b.tables[n] for b in bundles if n in b.tables) for n in sorted(names)}
    rejects = pl.concat([bundle.rejects for bundle in bundles])
    return tables, rejects, sum(bundle.rows_in for bundle in bundles)


def read_rows(*rows: Any, name: str = "train.jsonl") -> tuple[Tables, pl.DataFrame]:
    tables, rejects, _ = read({name: as_lines(list(rows))})
    return tables, rejects


def assert_rebuilt(rows: list[Row], tables: Tables, name: str = "train.jsonl") -> None:
    rebuilt = ultrafeedback_binarized.rebuild(tables)[name]
    assert [plain(row) for row in rebuilt] == [plain(row) for row in rows]


def plain(value: Any) -> str:
    """A row as text that shows NaN and leaves key order and 7 against 7.0 out."""

    def fold(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fold(item) for key, item in sorted(value.items())}
        if isinstance(value, list):
            return [fold(item) for item in value]
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    return repr(fold(value))


def flags(tables: Tables, flag: str) -> list[str]:
    return tables["flags"].filter(flag=flag)["id"].to_list()


def only(tables: Tables, table: str) -> dict[str, Any]:
    return tables[table].row(0, named=True)


def test_the_example_is_rebuilt_exactly() -> None:
    tables, rejects, rows_in = read(dict(ultrafeedback_binarized.example))
    assert rejects.height == 0
    assert rows_in == tables["prompts"].height == tables["judgments"].height
    assert ultrafeedback_binarized.rebuild(tables) == EXAMPLE
    for name, frame in tables.items():
        assert check(frame, table_schema(name)).rejects.height == 0
    for name in ("prompts", "responses"):
        frame = tables[name]
        assert frame["content_hash"].to_list() == hash_messages(frame["messages"]).to_list()
    assert tables["annotators"]["annotator_id"].to_list() == ["ultrafeedback-binarized:gpt-4"]


def test_h4_rows_become_prompt_pair_and_judgment() -> None:
    name = "data/train_prefs-00000-of-00001.parquet"
    tables, _, _ = read({name: as_frame("parquet", H4[:1])})
    prompt = only(tables, "prompts")
    # Golden: an id must never change for the same content.
    assert prompt["prompt_id"] == "ultrafeedback-binarized:45c4909b7907eaf7cacfa255cc3f283a"
    assert (prompt["split"], prompt["subset"], prompt["license"]) == ("train_prefs", None, "MIT")
    assert prompt["messages"] == [{"role": "user", "content": "Name a tree."}]
    assert "Oak." not in prompt["raw"]
    assert json.loads(prompt["raw"])["rest"] == {"prompt_id": H4[0]["prompt_id"]}
    answers = tables["responses"]
    assert answers["text"].to_list() == ["Oak.", "Grass."]
    assert answers["position"].null_count() == 2
    judgment = only(tables, "judgments")
    assert judgment["response_ids"] == answers["response_id"].to_list()
    assert judgment["chosen"] == [True, False]
    assert judgment["scores"] == [8.5, 3.0]
    assert (judgment["aspect"], judgment["protocol"], judgment["outcome"]) == (
        "overall",
        "pairwise",
        "chosen",
    )
    assert (judgment["scale_min"], judgment["scale_max"]) == (1.0, 10.0)
    assert judgment["is_order_known"] is False


@pytest.mark.parametrize("row", [ARGILLA[0], ARGILLA_1[0]])
def test_argilla_gives_mean_ratings_models_and_subset(row: Row) -> None:
    tables, _ = read_rows(row)
    judgment = only(tables, "judgments")
    assert (judgment["aspect"], judgment["scale_max"]) == ("fine-grained", 5.0)
    assert only(tables, "prompts")["subset"] == row["source"]
    has_both = "rejected-model" in row
    assert tables["responses"]["model"].to_list() == ["gpt-4", "bard" if has_both else None]
    assert bool(flags(tables, "benchmark-truthful-qa")) == (row["source"] == "truthful_qa")


def test_messages_are_kept_only_where_they_differ() -> None:
    other = {**H4[0], "messages": [{"role": "system", "content": "Zebra"}]}
    none = {**H4[0], "messages": None}
    rows = [H4[0], GEN[0], other, none]
    tables, rejects = read_rows(*rows)
    assert rejects.height == 0
    raws = [json.loads(raw) for raw in tables["prompts"].sort("row")["raw"]]
    assert [raw["same"] for raw in raws] == ["chosen", "beginning", None, None]
    assert raws[2]["messages"] == other["messages"]
    assert_rebuilt(rows, tables)


def test_both_sides_part_where_they_first_differ() -> None:
    tables, _ = read_rows(*TRL)
    prompts = tables["prompts"].sort("row")
    assert prompts["messages"].list.len().to_list() == [3, 1, 0]
    assert prompts["turn"].to_list() == [1, 0, 0]
    tails = tables["responses"].sort("row", maintain_order=True)["messages"].list.len()
    assert tails.to_list() == [1, 1, 3, 1, 2, 2]
    assert flags(tables, "no-shared-prompt") == [prompts["prompt_id"][2]]
    assert_rebuilt(TRL, tables)


def test_without_a_common_beginning_the_prompt_is_its_own_column() -> None:
    row = {**TRL[2], "prompt": "Greet."}
    tables, _ = read_rows(row, H4[0])
    assert tables["prompts"].filter(row=0)["messages"].to_list() == [
        [{"role": "user", "content": "Greet."}]
    ]
    assert_rebuilt([row, H4[0]], tables)


def test_ties_equal_and_empty_texts_are_flagged_and_still_chosen() -> None:
    tables, _ = read_rows(*H4)
    ids = tables["judgments"].sort("row")["judgment_id"].to_list()
    assert flags(tables, "tied-scores") == ids[1:3]
    assert flags(tables, "identical-responses") == [ids[2]]
    assert flags(tables, "empty-response") == [ids[3].replace("gpt-4/overall", "rejected")]
    assert tables["judgments"]["chosen"].to_list() == [[True, False]] * 4


def test_scores_may_be_missing_on_one_side_or_both() -> None:
    bare = {"chosen": TRL[0]["chosen"], "rejected": TRL[0]["rejected"]}
    one = {**bare, "score_chosen": 7.0, "score_rejected": None}
    tables, _ = read_rows(bare, one)
    judgments = tables["judgments"].sort("row")
    assert judgments["scores"].to_list() == [None, [7.0, None]]
    assert judgments["scale_max"].to_list() == [None, 10.0]
    assert_rebuilt([bare, one], tables)


def test_equal_pairs_of_other_splits_and_publications_have_other_ids() -> None:
    data = as_frame("parquet", H4[:1])
    names = [f"data/{split}-00000-of-00001.parquet" for split in ("train_prefs", "train_sft")]
    tables, _, _ = read({names[0]: data, names[1]: data, "train.jsonl": as_lines(TRL[:1] * 2)})
    ids = tables["prompts"]["prompt_id"].to_list()
    assert len(set(ids)) == 4
    assert [prompt.endswith("~1") for prompt in ids] == [False, False, False, True]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("data/test_sft-00000-of-00001.parquet", "test_sft"),
        ("default/train/0000.parquet", "train"),
        ("ultrafeedback_binarized-train_gen.parquet", "train_gen"),
        ("train-1000.parquet", "train"),
        ("trained.parquet", None),
    ],
)
def test_the_split_is_in_the_name(name: str, split: str | None) -> None:
    tables, _, _ = read({name: as_frame("parquet", H4)})
    assert tables["prompts"]["split"].unique().to_list() == [split]


@pytest.mark.parametrize("rows", [H4, GEN, ARGILLA, TRL, TEXTS[:1]])
@pytest.mark.parametrize("kind", ["parquet", "arrow", "jsonl.gz", "json"])
def test_all_kinds_of_files_hold_the_same(rows: list[Row], kind: str) -> None:
    data = {
        "jsonl.gz": lambda: gzip.compress(as_lines(rows)),
        "json": lambda: json.dumps(rows, indent=1).encode(),
    }.get(kind, lambda: as_frame(kind, rows))()
    tables, rejects, _ = read({f"train.{kind}": data})
    assert rejects.height == 0
    assert_rebuilt(rows, tables, f"train.{kind}")
    wanted = read_rows(*rows)[0]["prompts"]["prompt_id"]
    assert sorted(tables["prompts"]["prompt_id"]) == sorted(wanted)


def test_columns_of_unknown_use_are_kept() -> None:
    row = {**H4[0], "instruction": "same?", "chosen-model": "gpt-4", "note": {"a": [1, None]}}
    row |= {"score_chosen": 7, "chosen-rating": 4.5}
    tables, rejects = read_rows(row, {**row, "score_rejected": float("nan")})
    assert rejects.height == 0
    assert_rebuilt([row, {**row, "score_rejected": float("nan")}], tables)
    tables, rejects, _ = read({"train.parquet": as_frame("parquet", [row])})
    assert_rebuilt([row], tables, "train.parquet")


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({**H4[0], "chosen": None}, "missing-field"),
        ({**H4[0], "chosen": []}, "missing-field"),
        ({k: v for k, v in H4[0].items() if k != "rejected"}, "missing-field"),
        ({"chosen": "a", "rejected": "b"}, "missing-field"),
        ({**TEXTS[0], "prompt": None}, "missing-field"),
        ({**TEXTS[0], "rejected": ["b"]}, "wrong-type"),
        ({**H4[0], "score_chosen": "8"}, "wrong-type"),
        ({**H4[0], "score_chosen": 11}, "unknown-value"),
        ({**ARGILLA[0], "rejected-rating": 5.5}, "unknown-value"),
        ({**H4[0], "chosen": [{"role": "human", "content": "x"}]}, "unknown-value"),
        ({**H4[0], "chosen": [{"role": "user", "content": None}]}, "wrong-type"),
        ({**TRL[0], "chosen": None, "chosen_response": "x"}, "missing-field"),
        ({**ARGILLA_1[0], "chosen": [{"role": "user", "content": "x"}]}, "missing-field"),
        (3, "wrong-type"),
    ],
)
def test_what_does_not_fit_is_rejected_alone(row: Any, rule: str) -> None:
    tables, rejects = read_rows(H4[0], row, H4[1])
    assert rejects.select("row", "rule").rows() == [(1, rule)]
    assert sorted(tables["prompts"]["row"]) == [0, 2]
    assert_rebuilt(H4[:2], tables)


def test_another_file_is_drift() -> None:
    for name, content in {
        "train.jsonl": as_lines([{"question": "a"}]),
        "train.parquet": as_frame("parquet", [{"question": "a"}]),
        "test.parquet": b"PAR1",
        "README.md": b"# no",
    }.items():
        with pytest.raises(SourceDriftError) as caught:
            read({name: content})
        assert caught.value.fix


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 12), st.floats(), st.text(max_size=5),
    st.builds(list), st.builds(dict), st.builds(lambda: [{"role": "user", "content": "Hi"}]),
    st.lists(st.none(), max_size=2),
)  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return found + [place for key, item in items for place in _places(item, (*path, key))]


@st.composite
def mutated(draw: st.DrawFn) -> Row:
    rows = [row for rows in EXAMPLE.values() for row in rows]
    row: Row = copy.deepcopy(draw(st.sampled_from(rows)))
    for _ in range(draw(st.integers(0, 3))):
        *parents, last = draw(st.sampled_from(_places(row)))
        place: Any = row
        for key in parents:
            place = place[key]
        action = draw(st.sampled_from(["set", "remove", "add", "rename"]))
        if action == "set":
            place[last] = draw(SCALARS)
        elif action == "remove":
            del place[last]
        elif isinstance(place, list):
            place.append(draw(SCALARS))
        elif action == "rename":
            place[
                draw(st.sampled_from(["prompt", "instruction", "messages", "chosen_response"]))
            ] = place.pop(last)
        else:
            place[draw(st.text(max_size=4))] = draw(SCALARS)
        if not _places(row):
            break
    return row


@settings(max_examples=30, deadline=None)
@given(st.lists(mutated(), min_size=1, max_size=6))
def test_mutated_rows_are_kept_exactly_or_rejected(rows: list[Row]) -> None:
    rows = [H4[0], *rows]
    tables, rejects, rows_in = read({"train.jsonl": as_lines(rows)})
    kept = set(tables["prompts"]["row"])
    refused = set(rejects["row"])
    assert len(refused) == rejects.height
    assert not kept & refused
    assert len(kept) + len(refused) == rows_in == len(rows)
    for name, frame in tables.items():
        assert check(frame, table_schema(name)).rejects.height == 0
    assert tables["prompts"]["prompt_id"].is_unique().all()
    assert_rebuilt([row for i, row in enumerate(rows) if i not in refused], tables)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["train.jsonl", "train.json", "train.parquet", "train.arrow"]),
    st.integers(0, 10**6),
    st.binary(min_size=1, max_size=3),
)
def test_mutated_bytes_raise_only_our_errors(name: str, place: int, change: bytes) -> None:
    kind = name.partition(".")[2]
    content = {"jsonl": as_lines(H4), "json": json.dumps(H4).encode()}.get(kind) or as_frame(
        kind, H4
    )
    at = place % len(content)
    content = content[:at] + change + content[at + len(change) :]
    try:
        tables, rejects, rows_in = read({name: content})
    except PrefdataError:
        return
    kept = tables["prompts"].height if "prompts" in tables else 0
    assert kept + rejects.height == rows_in


@pytest.mark.skipif(not REAL.is_file(), reason="the real rows are not here")
def test_real_rows_are_rebuilt() -> None:
    content = REAL.read_bytes()
    tables, rejects, rows_in = read({"train-1000.jsonl": content})
    assert (rejects.height, rows_in) == (0, 1000)
    assert ultrafeedback_binarized.rebuild(tables) == {
        "train-1000.jsonl": rows_of("train-1000.jsonl", content)
    }
    assert len(flags(tables, "tied-scores")) == 111
    assert len(flags(tables, "identical-responses")) == 4
