"""The adapter `argilla`: records in all shapes, and back."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from prefdata.core.errors import SourceDriftError
from prefdata.protocols import RawFile
from prefdata.sources._argilla.choices import choice, value_names
from prefdata.sources.argilla import ArgillaParams, argilla
from prefdata.tables.coerce import Misfit
from prefdata.testing.contracts import ReadBack, read_source

__all__: list[str] = []

_NESTED: list[dict[str, Any]] = json.loads(argilla.example["records.json"])
_SERVICE: list[dict[str, Any]] = json.loads(argilla.example["service.json"])
_FLAT: list[dict[str, Any]] = [
    json.loads(line) for line in argilla.example["flat/test.jsonl"].splitlines()
]
_GOOD = _NESTED[2]


def _read(files: dict[str, bytes], **params: Any) -> ReadBack:
    with tempfile.TemporaryDirectory() as folder:
        raws = []
        for name, data in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            raws.append(RawFile(path, name))
        return read_source(argilla, raws, ArgillaParams(name="mine", **params))


def _of(*records: dict[str, Any], **params: Any) -> ReadBack:
    """Read records, with a plain one so that the file is known for what it is."""
    return _read({"r.json": json.dumps([_GOOD, *records]).encode()}, **params)


def _said(**values: Any) -> dict[str, Any]:
    return {"question_name": "preference", "user_id": "u", "status": "submitted", **values}


def test_the_example_comes_back() -> None:
    back = _read(dict(argilla.example))
    assert back.rejects.is_empty()
    rebuilt = argilla.rebuild(back.tables)
    assert rebuilt == {
        "records.json": _NESTED,
        "service.json": _SERVICE,
        "flat/test.jsonl": _FLAT,
    }


def test_each_user_is_a_judgment_and_each_agent_a_model() -> None:
    back = _read({"records.json": argilla.example["records.json"]})
    rows = back.tables["judgments"].select("judgment_id", "outcome", "chosen", "comment")
    assert rows.rows() == [
        (f"mine:n1/{_USERS[0]}/overall", "chosen", [True, False], "It answers."),
        (f"mine:n1/{_USERS[1]}/overall", "chosen", [False, True], None),
        (f"mine:n1/{_USERS[2]}/overall", "not_given", None, None),
        ("mine:n1/agent/judge-1/overall", "chosen", [True, False], None),
        (f"mine:n2/{_USERS[0]}/overall", "tie", [False, False], None),
        (f"mine:n2/{_USERS[1]}/overall", "not_given", None, None),
    ]
    assert back.tables["judgments"]["confidence"].to_list()[3] == "0.9"
    annotators = back.tables["annotators"].select("annotator_id", "kind", "model").rows()
    assert annotators == [
        *((f"mine:{user}", "human", None) for user in _USERS),
        ("mine:agent/judge-1", "model", "judge-1"),
    ]
    assert back.tables["responses"]["model"].to_list()[:2] == ["small", None]


_USERS = [f"0d9a2b3c-0000-4000-8000-00000000000{n}" for n in (1, 2, 3)]


def test_what_was_not_submitted_is_not_given_and_says_why() -> None:
    files = {"a.json": argilla.example["records.json"], "b.json": argilla.example["service.json"]}
    back = _read(files)
    flags = back.tables["flags"].select("id", "flag").rows()
    assert flags == [
        (f"mine:n1/{_USERS[2]}/overall", "draft-response"),
        (f"mine:n2/{_USERS[1]}/overall", "unknown-status"),
        (f"mine:s1/{_USERS[1]}/overall", "discarded-response"),
    ]
    said = back.tables["judgments"].filter(pl.col("judgment_id") == flags[0][0])
    assert said["raw_values"].to_list() == [["response_b", "response_b"]]
    assert json.loads(said["raw"][0]) == {"status": "draft"}
    counted = _read(files, assume_submitted=True)
    outcomes = counted.tables["judgments"].filter(pl.col("judgment_id") == flags[1][0])
    assert outcomes["outcome"].to_list() == ["chosen"]


def test_a_ranking_is_the_choice_of_the_best() -> None:
    back = _read({"b.json": argilla.example["service.json"]})
    row = back.tables["judgments"].to_dicts()[0]
    assert (row["chosen"], row["ranks"]) == ([False, True], [2, 1])
    # People suggested the other order; how many, nobody knows.
    kinds = dict(back.tables["annotators"].select("annotator_id", "kind").iter_rows())
    assert kinds["mine:suggestions"] == "group"
    fields = ("x_a", "x_b", "x_c")
    ranked = [{"value": name, "rank": rank} for name, rank in zip("abc", (1, 1, 2), strict=True)]
    found = choice(ranked, fields, value_names(fields))
    assert (found.outcome, found.chosen, found.ranks) == ("chosen", [True, True, False], [1, 1, 2])
    level = [{"value": name, "rank": 1} for name in fields]
    assert choice(level, fields, value_names(fields)).outcome == "tie"
    for odd in (["a"], ["a", "a", "b"], [{"value": "a", "rank": "1"}], [None, "b", "c"]):
        with pytest.raises(Misfit):
            choice(odd, fields, value_names(fields))


@pytest.mark.parametrize(
    ("differences", "rule"),
    [
        ({"responses": 3}, "wrong-type"),
        ({"responses": [3]}, "wrong-type"),
        ({"responses": {"preference": [3]}}, "wrong-type"),
        ({"responses": [{"user_id": "u", "values": 3}]}, "wrong-type"),
        ({"suggestions": 3}, "wrong-type"),
        ({"suggestions": {"preference": "response_a"}}, "wrong-type"),
        ({"responses": [_said(value="c")]}, "unknown-value"),
        ({"responses": [_said(value="a", status="done")]}, "unknown-value"),
        ({"responses": [_said(value="a"), _said(value="b")]}, "duplicate-response"),
        (
            {
                "responses": [
                    _said(value="a"),
                    _said(question_name="comment", value="c", status="draft"),
                ]
            },
            "unknown-value",
        ),
        (
            {
                "responses": [_said(value="a", user_id="agent/m")],
                "suggestions": {"preference": {"value": "a", "agent": "m"}},
            },
            "duplicate-response",
        ),
        ({"fields": {"prompt": "Q", "response_a": "A"}}, "missing-field"),
        ({"fields": {"prompt": "Q", "response_a": "A", "response_b": []}}, "empty-messages"),
        ({"id": "n3"}, "duplicate-id"),
    ],
)
def test_what_is_no_record_is_rejected_with_its_rule(
    differences: dict[str, Any], rule: str
) -> None:
    back = _of({**_GOOD, "id": "odd", **differences})
    assert back.rejects["rule"].to_list() == [rule]
    assert back.rejects["row"].to_list() == [1]


def test_a_flat_column_of_another_length_is_rejected() -> None:
    odd = {**_FLAT[0], "id": "odd", "preference.responses.users": ["u"]}
    back = _of(odd, {**_FLAT[0], "id": "other", "preference.responses": 3})
    assert back.rejects["rule"].to_list() == ["unequal-lengths", "wrong-type"]


def test_who_has_no_name_is_one_of_a_group() -> None:
    nobody = {"value": "a", "status": "submitted"}
    back = _of({**_GOOD, "id": "x", "responses": {"preference": [nobody, nobody]}})
    assert back.tables["judgments"]["judgment_id"].n_unique() == 2
    assert back.tables["annotators"].select("annotator_id", "kind").rows() == [
        ("mine:annotators", "group")
    ]


def test_records_without_an_id_are_named_by_what_they_hold() -> None:
    bare = {"prompt": "Q", "response_a": "A", "response_b": "B"}
    back = _read({"r.jsonl": b"".join(json.dumps(bare).encode() + b"\n" for _ in range(2))})
    one, other = back.tables["prompts"]["prompt_id"]
    assert other == f"{one}~1"


def test_names_of_fields_questions_and_values_are_given() -> None:
    record = {
        "id": 7,
        "fields": {"instruction": "Q", "first": "A", "second": "B"},
        "responses": {"better": [{"value": "one", "user_id": "u", "status": "submitted"}]},
        "suggestions": {"better": {"value": "two", "agent": "m"}},
    }
    data = {"r.json": json.dumps([record]).encode()}
    params: dict[str, Any] = {
        "prompt": "instruction",
        "responses": ("first", "second"),
        "question": "better",
        "values": {"one": "first", "two": "second", "none": "not_given"},
    }
    back = _read(data, **params, comment=None)
    assert back.tables["judgments"]["chosen"].to_list() == [[True, False], [False, True]]
    assert back.tables["responses"]["response_id"].to_list() == ["mine:7/first", "mine:7/second"]
    alone = _read(data, **params, suggestions=False)
    assert alone.tables["judgments"].height == 1
    with pytest.raises(SourceDriftError, match="No record fits"):
        _read(data)


def test_three_responses_are_the_best_of_three() -> None:
    record = {"id": "x", "prompt": "Q", "r_1": "A", "r_2": "B", "r_3": "C"}
    answered = {"b.responses": ["2"], "b.responses.users": ["u"]}
    status = {"b.responses.status": ["ResponseStatus.submitted"]}
    data = json.dumps({**record, **answered, **status}).encode()
    back = _read({"r.jsonl": data}, responses=("r_1", "r_2", "r_3"), question="b")
    row = back.tables["judgments"].to_dicts()[0]
    assert (row["protocol"], row["chosen"]) == ("best_of_k", [False, True, False])
    assert back.tables["responses"]["model"].null_count() == 3


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_numbers_of_labels_have_their_names_in_the_head_of_the_file(
    kind: str, tmp_path: Path
) -> None:
    # The client of Argilla 2.8 makes a label of having none.
    names = {"names": [None, "response_b", "response_a"], "_type": "ClassLabel"}
    head = {"info": {"features": {"preference.suggestion": names}}}
    rows = [
        {**_FLAT[0], "preference.suggestion": 2},
        {**_FLAT[1], "preference.suggestion": 1},
        {**_FLAT[1], "id": "f3", "preference.suggestion": 0},
    ]
    table = pa.Table.from_pylist(rows).replace_schema_metadata({"huggingface": json.dumps(head)})
    path = tmp_path / f"train.{kind}"
    if kind == "parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)
    back = _read({path.name: path.read_bytes()})
    said = back.tables["judgments"].filter(pl.col("judgment_id").str.contains("/(agent|sugg)"))
    assert said["chosen"].to_list() == [[True, False], [False, True]]
    assert argilla.rebuild(back.tables)[path.name] == rows
    assert back.tables["prompts"]["split"].to_list() == ["train"] * 3
    # Without the head a number is a number.
    pq.write_table(table.replace_schema_metadata(None), tmp_path / "bare.parquet")
    with pytest.raises(SourceDriftError, match="none of the values known"):
        _read({"bare.parquet": (tmp_path / "bare.parquet").read_bytes()})


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"responses": ("a", "a")}, "twice"),
        ({"responses": ("prompt", "a"), "prompt": None}, "cannot be the name"),
        ({"responses": ("a/x", "b")}, "cannot be the name"),
        ({"values": {"x": "response_c"}}, "no field of responses"),
        ({"models": ("m",)}, "different lengths"),
    ],
)
def test_contradicting_parameters_are_refused(params: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ArgillaParams(name="mine", **params)
