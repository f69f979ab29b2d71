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
from prefdata.sources._ultrafeedback import files as raw_files
from prefdata.sources.ultrafeedback import ultrafeedback
from prefdata.tables.identity import hash_messages

REAL = Path(__file__).parents[4] / "shared" / "data" / "ultrafeedback"
ASPECTS = ("helpfulness", "honesty", "instruction_following", "truthfulness")
Row = dict[str, Any]
Tables = dict[str, pl.DataFrame]


def lines_of(content: bytes) -> list[Row]:
    return [json.loads(line) for line in content.splitlines() if line.strip()]


def as_lines(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


EXAMPLE = {name: lines_of(content) for name, content in ultrafeedback.example.items()}
FERN, MOON = EXAMPLE["evol_instruct.jsonl"][:2]
OLD = EXAMPLE["ultrachat.jsonl"][0]


def read(files: dict[str, bytes]) -> tuple[Tables, pl.DataFrame, int]:
    """Read files by name into whole tables, rejects and the number of raw rows."""
    with tempfile.TemporaryDirectory() as folder:
        raws = []
        for name, content in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            raws.append(RawFile(path, name, revision="r1"))
        chosen = ultrafeedback.select(raws)
        bundles = list(ultrafeedback.read(chosen, NoParams(), Context()))
    names = {name for bundle in bundles for name in bundle.tables}
    tables = {n: pl.concat(b.tables[n] for b in bundles if n in b.tables) for n in sorted(names)}
    rejects = pl.concat([bundle.rejects for bundle in bundles])
    return tables, rejects, sum(bundle.rows_in for bundle in bundles)


def read_rows(*rows: Any, name: str = "flan.jsonl") -> tuple[Tables, pl.DataFrame]:
    tables, rejects, _ = read({name: as_lines(list(rows))})
    return tables, rejects


def changed(row: Row, **changes: Any) -> Row:
    return {**copy.deepcopy(row), **changes}


def with_completion(row: Row, index: int, **changes: Any) -> Row:
    copied = copy.deepcopy(row)
    copied["completions"][index] |= changes
    return copied


def flags(tables: Tables, flag: str) -> list[dict[str, Any]]:
    return tables["flags"].filter(flag=flag).to_dicts()


def judgment(tables: Tables, aspect: str, index: int = 0) -> dict[str, Any]:
    return tables["judgments"].filter(aspect=aspect).row(index, named=True)


def assert_accounted(files: dict[str, bytes]) -> None:
    """Every raw row is kept or rejected, never both, and what is kept can be rebuilt."""
    tables, rejects, rows_in = read(files)
    kept = {place for t in ("prompts", "responses", "judgments") if t in tables
            for place in tables[t].select("file", "row").iter_rows()}  # fmt: skip
    refused = set(rejects.select("file", "row").iter_rows())
    assert not kept & refused
    assert len(refused) == rejects.height
    assert len(kept) + rejects.height == rows_in
    if not tables:
        return
    for name, frame in tables.items():
        assert check(frame, table_schema(name)).rejects.height == 0
    rebuilt = ultrafeedback.rebuild(tables)
    for name, content in files.items():
        values = [_parsed(line) for line in content.split(b"\n") if line.strip()]
        wanted = [v for row, v in enumerate(values) if (name, row) not in refused]
        assert repr_all(rebuilt.get(name, [])) == repr_all(wanted)


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def repr_all(rows: list[Any]) -> list[str]:
    """Rows as text that shows NaN and leaves key order and 7 against 7.0 out."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in sorted(value.items())}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    return [repr(plain(row)) for row in rows]


def test_the_example_is_rebuilt_exactly() -> None:
    tables, rejects, rows_in = read(dict(ultrafeedback.example))
    assert ultrafeedback.rebuild(tables) == EXAMPLE
    assert rejects.height == 0
    assert rows_in == tables["prompts"].height == sum(len(rows) for rows in EXAMPLE.values())
    for name, frame in tables.items():
        assert check(frame, table_schema(name)).rejects.height == 0
    responses = tables["responses"]
    assert responses["content_hash"].to_list() == hash_messages(responses["messages"]).to_list()
    prompts = tables["prompts"]
    assert prompts["content_hash"].to_list() == hash_messages(prompts["messages"]).to_list()
    assert tables["annotators"].select("annotator_id", "kind", "model").rows() == [
        ("ultrafeedback:gpt-4", "model", "gpt-4")
    ]


def test_a_row_becomes_prompt_responses_and_judgments() -> None:
    tables, _ = read_rows(FERN)
    prompt = tables["prompts"].row(0, named=True)
    # Golden: an id must never change for the same content.
    assert prompt["prompt_id"] == "ultrafeedback:a958f0aa96fda67ba7fc964f979ddb7f"
    assert (prompt["subset"], prompt["turn"], prompt["revision"]) == ("evol_instruct", 0, "r1")
    assert prompt["messages"] == [{"role": "user", "content": FERN["instruction"]}]
    assert json.loads(prompt["raw"])["models"] == FERN["models"]
    answers = tables["responses"].to_dicts()
    assert [a["position"] for a in answers] == [0, 1, 2, 3]
    assert [a["model"] for a in answers] == FERN["models"]
    assert answers[3]["text"] == ""
    assert answers[0]["system"] == FERN["completions"][0]["custom_system_prompt"]
    helpful = judgment(tables, "helpfulness")
    assert helpful["judgment_id"] == prompt["prompt_id"] + "/gpt-4/helpfulness"
    assert helpful["response_ids"] == [a["response_id"] for a in answers]
    assert helpful["raw_values"] == ["5", "2", "1", "1"]
    assert helpful["scores"] == [5.0, 2.0, 1.0, 1.0]
    assert (helpful["scale_min"], helpful["scale_max"]) == (1.0, 5.0)
    assert (helpful["protocol"], helpful["is_order_known"]) == ("rating", False)
    assert json.loads(helpful["raw"])["Type"] == [["1", "2"]] * 4
    honest = judgment(tables, "honesty")
    assert honest["raw_values"] == ["5", "3", "2", "N/A"]
    assert honest["scores"] == [5.0, 3.0, 2.0, None]
    assert honest["raw"] is None
    overall = judgment(tables, "overall")
    assert overall["scores"] == [9.0, 4.5, 10.0, 1.0]
    assert overall["scale_max"] == 10.0
    assert overall["comments"] == [c["critique"] for c in FERN["completions"]]
    assert judgment(tables, "fine-grained")["scores"] == [5.0, 2.25, 1.25, 1.0]
    assert tables["judgments"].height == 6


def test_the_first_release_has_no_mean_and_keeps_scores_as_texts() -> None:
    tables, _ = read_rows(OLD)
    assert set(tables["judgments"]["aspect"]) == {*ASPECTS, "overall"}
    overall = judgment(tables, "overall")
    assert overall["raw_values"] == ["10", "10", "10", "8.5"]
    assert overall["scores"] == [10.0, 10.0, 10.0, 8.5]
    assert [f["subject"] for f in flags(tables, "no-fine-grained-score")] == ["prompts"]


def test_vintages_may_be_mixed_in_one_file() -> None:
    rows = [FERN, OLD, MOON, OLD, FERN]
    tables, rejects = read_rows(*rows)
    assert rejects.height == 0
    assert ultrafeedback.rebuild(tables)["flan.jsonl"] == rows
    assert len(flags(tables, "no-fine-grained-score")) == 2
    assert ultrafeedback.rebuild(read_rows(OLD, FERN)[0])["flan.jsonl"] == [OLD, FERN]


def test_both_vintages_of_a_row_have_one_id() -> None:
    new = copy.deepcopy(OLD)
    for completion in new["completions"]:
        completion["fine-grained_score"] = 2.0
    both, _ = read_rows(OLD, new)
    first, second = both["prompts"]["prompt_id"].sort()
    assert second == f"{first}~1"


@pytest.mark.parametrize(
    ("ratings", "overall", "value"),
    [
        ("1112", 10, 1.0),
        ("2222", 10, 1.0),
        ("3222", 10, 0.5),
        ("4444", 10, 0.5),
        ("5444", 10, None),
        ("1111", 9.5, None),
        ("--1-", 10, 1.0),
        ("----", 10, None),
    ],
)
@pytest.mark.parametrize("is_old", [False, True])
def test_a_ten_that_was_a_one_is_flagged(
    ratings: str, overall: float, value: float | None, is_old: bool
) -> None:
    row = copy.deepcopy(FERN)
    completion = row["completions"][1]
    rated = [int(one) for one in ratings if one != "-"]
    completion["overall_score"] = overall
    completion["fine-grained_score"] = sum(rated) / len(rated) if rated else None
    for aspect, rating in zip(ASPECTS, ratings, strict=True):
        completion["annotations"][aspect]["Rating"] = "N/A" if rating == "-" else rating
    row["completions"] = row["completions"][:2]
    if is_old:
        for each in row["completions"]:
            del each["fine-grained_score"]
    tables, _ = read_rows(row)
    assert [f["value"] for f in flags(tables, "overall-score-defect")] == (
        [] if value is None else [value]
    )
    assert ultrafeedback.rebuild(tables)["flan.jsonl"] == [row]


def test_benchmark_instructions_are_flagged_wherever_they_stand() -> None:
    tables, _, _ = read(dict(ultrafeedback.example))
    ids = {f["id"] for f in flags(tables, "benchmark-truthful-qa")}
    found = tables["prompts"].filter(pl.col("prompt_id").is_in(ids))
    assert found.select("file", "row").rows() == [
        ("evol_instruct.jsonl", 1),
        ("truthful_qa.jsonl", 0),
    ]
    assert len(flags(tables, "benchmark-false-qa")) == 1
    merged = [row for rows in EXAMPLE.values() for row in rows]
    tables, _ = read_rows(*merged, name="train.jsonl")
    assert len(flags(tables, "benchmark-truthful-qa")) == 2
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(merged[:5] + EXAMPLE["truthful_qa.jsonl"]), sink)
    tables, _, _ = read({"train.parquet": bytes(sink.getvalue())})
    assert len(flags(tables, "benchmark-truthful-qa")) == 2


def test_rows_with_few_completions_stay() -> None:
    one, none = EXAMPLE["evol_instruct.jsonl"][3:5]
    tables, rejects = read_rows(one, none)
    assert rejects.height == 0
    assert len(flags(tables, "few-completions")) == 2
    assert tables["judgments"].height == 6
    assert tables["judgments"]["response_ids"].list.len().unique().to_list() == [1]
    assert ultrafeedback.rebuild(tables)["flan.jsonl"] == [one, none]


def test_unknown_models_and_sources_are_flagged_and_empty_texts_too() -> None:
    tables, rejects = read_rows(EXAMPLE["evol_instruct.jsonl"][6], FERN)
    assert rejects.height == 0
    assert len(flags(tables, "unknown-model")) == 1
    assert len(flags(tables, "unknown-source")) == 1
    assert len(flags(tables, "empty-response")) == 1
    tables, _ = read_rows(changed(FERN, source="flan_v2_cot"))
    assert not flags(tables, "unknown-source")


def test_equal_rows_are_told_apart() -> None:
    tables, _ = read_rows(FERN, FERN, FERN)
    ids = tables["prompts"]["prompt_id"].to_list()
    assert ids == [ids[0], f"{ids[0]}~1", f"{ids[0]}~2"]


def test_ids_do_not_depend_on_files_or_order() -> None:
    rows = [FERN, MOON, OLD]
    apart = read({"flan.jsonl": as_lines(rows)})[0]["prompts"]["prompt_id"]
    merged = read({"all.jsonl": as_lines(rows[::-1])})[0]["prompts"]["prompt_id"]
    assert sorted(apart) == sorted(merged)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (changed(FERN, source=None), "missing-field"),
        (changed(FERN, instruction=None), "missing-field"),
        (changed(FERN, completions=None), "missing-field"),
        (changed(FERN, instruction=3), "wrong-type"),
        (changed(FERN, completions=[None]), "wrong-type"),
        (with_completion(FERN, 0, response=None), "missing-field"),
        (with_completion(FERN, 0, overall_score=11), "unknown-value"),
        (with_completion(FERN, 0, overall_score=0.5), "unknown-value"),
        (with_completion(FERN, 0, overall_score="ten"), "unknown-value"),
        (with_completion(FERN, 0, overall_score=True), "wrong-type"),
        (with_completion(FERN, 0, **{"fine-grained_score": 5.5}), "unknown-value"),
        (with_completion(FERN, 0, annotations=[]), "wrong-type"),
        ([FERN], "wrong-type"),
    ],
)
def test_what_does_not_fit_is_rejected_alone(row: Any, rule: str) -> None:
    tables, rejects = read_rows(MOON, row, MOON)
    assert rejects.select("row", "rule").rows() == [(1, rule)]
    assert tables["prompts"]["row"].to_list() == [0, 2]


@pytest.mark.parametrize("rating", ["6", "0", "good", "nan", "", "5/5"])
def test_a_rating_outside_its_scale_is_drift(rating: str) -> None:
    row = copy.deepcopy(FERN)
    row["completions"][2]["annotations"]["honesty"]["Rating"] = rating
    _, rejects = read_rows(MOON, row)
    assert rejects["rule"].to_list() == ["unknown-value"]
    assert repr(rating) in rejects["reason"][0]
    assert "completions[2].annotations.honesty.Rating" in rejects["reason"][0]


@pytest.mark.parametrize(
    "row",
    [
        with_completion(FERN, 0, overall_score=None),
        with_completion(FERN, 0, overall_score="9.0"),
        with_completion(FERN, 0, overall_score="N/A"),
        with_completion(FERN, 0, annotations=None),
        with_completion(FERN, 0, annotations={"honesty": {"Rating": "4"}}),
        with_completion(FERN, 0, annotations={"honesty": [{"Rating": "4", "Rationale": "x"}]}),
        with_completion(FERN, 0, **{"fine-grained_score": "4.5", "note": {"a": [1, None]}}),
        changed(FERN, models=None, correct_answers=["a", None]),
        {key: FERN[key] for key in ("source", "instruction", "completions")},
        changed(FERN, seen=float("nan")),
        changed(FERN, **{"odd \ud800 key": "\ud83d"}),
    ],
)
def test_odd_rows_come_back_as_they_were(row: Row) -> None:
    if isinstance(row["completions"][0].get("fine-grained_score"), str):
        _, rejects = read_rows(MOON, row)
        assert rejects["rule"].to_list() == ["wrong-type"]
        return
    assert_accounted({"flan.jsonl": as_lines([MOON, row])})
    tables, rejects = read_rows(MOON, row)
    assert rejects.height == 0
    assert tables["prompts"].height == 2


def _packed(kind: str, rows: list[Row]) -> bytes:
    if kind == "jsonl.gz":
        return gzip.compress(as_lines(rows))
    if kind == "json":
        return json.dumps(rows, indent=4, ensure_ascii=False).encode()
    if kind == "one-line.json":
        return json.dumps(rows).encode()
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pylist(rows)
    if kind == "parquet":
        pq.write_table(table, sink)
    else:
        new = pa.ipc.new_stream if kind == "arrow" else pa.ipc.new_file
        with new(sink, table.schema) as writer:
            writer.write_table(table)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    "kind", ["jsonl.gz", "json", "one-line.json", "parquet", "arrow", "file.arrow"]
)
def test_all_kinds_of_files_hold_the_same(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_files, "BLOCK_BYTES", 1000)
    rows = [FERN, MOON, EXAMPLE["evol_instruct.jsonl"][3], *EXAMPLE["false_qa.jsonl"]]
    tables, rejects, _ = read({f"train.{kind}": _packed(kind, rows)})
    assert rejects.height == 0
    assert ultrafeedback.rebuild(tables) == {f"train.{kind}": rows}
    assert sorted(tables["prompts"]["prompt_id"]) == sorted(
        read_rows(*rows)[0]["prompts"]["prompt_id"]
    )


def test_select_takes_one_of_each_file_and_says_what_is_missing() -> None:
    def select(*names: str) -> list[str]:
        return [raw.name for raw in ultrafeedback.select([RawFile(Path(n), n) for n in names])]

    assert select("flan.json", "README.md", "flan.jsonl", "x/evol_instruct.jsonl.gz") == [
        "flan.jsonl",
        "x/evol_instruct.jsonl.gz",
    ]
    assert select("data/train-00001.parquet", "dataset_info.json", "data/train-00000.parquet") == [
        "data/train-00000.parquet",
        "data/train-00001.parquet",
    ]
    with pytest.raises(SourceDriftError, match=r"expected .*evol_instruct\.jsonl.*README\.md"):
        select("README.md")


def test_another_file_is_drift() -> None:
    for name, content in {
        "flan.jsonl": as_lines([{"chosen": "a", "rejected": "b"}]),
        "flan.json": b'[{"source": "flan"',
        "train.parquet": b"PAR1 nothing",
        "train.arrow": b"nothing at all",
        "flan.jsonl.gz": gzip.compress(as_lines([FERN] * 9))[:-20],
        "sharegpt.jsonl": b"",
        "ultrachat.jsonl": b"<!doctype html><html></html>",
    }.items():
        with pytest.raises(SourceDriftError):
            read({name: content})


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 12), st.floats(), st.text(max_size=5),
    st.sampled_from(["N/A", "5", "1", "10", "None"]), st.builds(list), st.builds(dict),
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
    row: Row = copy.deepcopy(
        draw(st.sampled_from([FERN, MOON, OLD, EXAMPLE["evol_instruct.jsonl"][6]]))
    )
    for _ in range(draw(st.integers(0, 3))):
        *parents, last = draw(st.sampled_from(_places(row)))
        place: Any = row
        for key in parents:
            place = place[key]
        action = draw(st.sampled_from(["set", "remove", "add", "wrap"]))
        if action == "set":
            place[last] = draw(SCALARS)
        elif action == "wrap":
            place[last] = [place[last]]
        elif action == "remove":
            del place[last]
        elif isinstance(place, dict):
            place[draw(st.text(max_size=4))] = draw(SCALARS)
        else:
            place.append(draw(SCALARS))
        if not _places(row):
            break
    return row


@settings(max_examples=30, deadline=None)
@given(st.lists(mutated(), min_size=1, max_size=5))
def test_mutated_rows_are_kept_exactly_or_rejected(rows: list[Row]) -> None:
    assert_accounted({"flan.jsonl": as_lines([MOON, *rows])})


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["flan.jsonl", "flan.json", "train.parquet", "train.arrow"]),
    st.integers(0, 10**6),
    st.binary(min_size=1, max_size=3),
)
def test_mutated_bytes_raise_only_our_errors(name: str, place: int, change: bytes) -> None:
    rows = [FERN, MOON]
    kind = name.partition(".")[2]
    content = as_lines(rows) if kind == "jsonl" else _packed(kind, rows)
    at = place % len(content)
    content = content[:at] + change + content[at + len(change) :]
    try:
        tables, rejects, rows_in = read({name: content})
    except PrefdataError:
        return
    kept = tables["prompts"].height if "prompts" in tables else 0
    assert kept + rejects.height == rows_in


@pytest.mark.skipif(not REAL.is_dir(), reason="the real rows are not here")
def test_real_rows_are_rebuilt() -> None:
    rows = [json.loads(path.read_text()) for path in sorted(REAL.glob("*.json"))]
    tables, rejects = read_rows(*rows)
    assert rejects.height == 0
    assert ultrafeedback.rebuild(tables)["flan.jsonl"] == rows
    assert len(flags(tables, "benchmark-truthful-qa")) == 1
