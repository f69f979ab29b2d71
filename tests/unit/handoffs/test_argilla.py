"""Argilla: the data set that we make, and all shapes in which answers come out of one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import DataError
from prefdata.handoffs.argilla import Argilla, argilla
from prefdata.protocols import ANSWERS
from prefdata.testing.annotators import SHAPES, ScriptedVote, answer_as, known_as
from prefdata.testing.handoffs import example_tasks, newest, scripted_votes

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_ANN = known_as("argilla", "ann")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Tasks, handed off."""
    argilla.write(example_tasks(), tmp_path, Argilla())
    return tmp_path


def _read(folder: Path, value: Any, **params: Any) -> pl.DataFrame:
    path = folder / "some.json"
    path.write_text(json.dumps(value))
    return argilla.read([path], Argilla(**params))


def _outcome(folder: Path, value: Any) -> pl.DataFrame | DataError:
    try:
        return _read(folder, value)
    except DataError as error:
        return error


def _flat(values: Any, users: Any, statuses: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": "c",
        "comparison_id": "c",
        "preference.responses": values,
        "preference.responses.users": users,
        "preference.responses.status": statuses,
        **more,
    }


def test_a_record_is_complete_when_as_many_have_answered_as_are_asked(out: Path) -> None:
    for n_votes in (1, 3):
        settings = json.loads((out / f"votes-{n_votes}" / "settings.json").read_text())
        assert settings["distribution"] == {"strategy": "overlap", "min_submitted": n_votes}
        readme = (out / f"votes-{n_votes}" / "README.md").read_text()
        assert f"each for {n_votes} annotators" in readme


def test_questions_are_asked_as_wanted(tmp_path: Path) -> None:
    argilla.write(example_tasks(), tmp_path, Argilla(with_comment=False, with_confidence=True))
    settings = json.loads((tmp_path / "votes-1" / "settings.json").read_text())
    assert [q["name"] for q in settings["questions"]] == ["preference", "confidence"]
    options = settings["questions"][0]["settings"]["options"]
    assert [option["value"] for option in options] == [
        "a_much",
        "a_slight",
        "tie",
        "b_slight",
        "b_much",
    ]
    assert [option["value"] for option in settings["questions"][1]["settings"]["options"]] == [
        1,
        2,
        3,
        4,
        5,
    ]


def test_texts_are_shown_as_they_are_and_metadata_to_nobody(out: Path) -> None:
    settings = json.loads((out / "votes-1" / "settings.json").read_text())
    assert not any(field["settings"]["use_markdown"] for field in settings["fields"])
    assert not any(item["visible_for_annotators"] for item in settings["metadata"])
    assert {item["name"] for item in settings["metadata"]} == {
        "comparison_id",
        "plan_id",
        "batch",
        "is_swapped",
    }


def test_nothing_is_suggested(out: Path) -> None:
    records = json.loads((out / "votes-3" / "records.json").read_text())
    assert all(record["suggestions"] == {} and record["responses"] == {} for record in records)


def test_messages_are_as_long_as_the_server_takes_them(out: Path) -> None:
    """Its limits are 1 to 20,000 characters, and 1 to 20 of the role."""
    tasks = example_tasks().with_columns(
        prompt=pl.Series(
            [
                [
                    {"role": "a very long role indeed", "content": "x" * 45_000},
                    {"role": "", "content": ""},
                ]
            ]
            * example_tasks().height,
            dtype=example_tasks().schema["prompt"],
        )
    )
    argilla.write(tasks, out, Argilla())
    for record in json.loads((out / "votes-1" / "records.json").read_text()):
        messages = record["fields"]["prompt"]
        assert [len(message["content"]) for message in messages] == [20_000, 20_000, 5_000, 7]
        assert all(1 <= len(message["role"]) <= 20 for message in messages)


@pytest.mark.parametrize("shape", [name for name in SHAPES["argilla"] if name != "nested"])
def test_all_shapes_that_tell_the_status_say_the_same(out: Path, shape: str) -> None:
    votes = scripted_votes(example_tasks())
    paths = [answer_as("argilla", out, votes, shape=name, name=name) for name in ("flat", shape)]
    assert argilla.is_answered(paths[1])
    flat, other = (newest(argilla.read([path], Argilla())) for path in paths)
    assert flat == other


def test_the_nested_export_does_not_say_what_was_submitted(out: Path) -> None:
    votes = [ScriptedVote("0" * 32, "ann", 2), ScriptedVote("0" * 32, "bob", 1, "draft")]
    path = answer_as("argilla", out, votes, shape="nested")
    assert argilla.is_answered(path)
    read = argilla.read([path], Argilla())
    assert read["status"].to_list() == ["unreadable"] * 2
    assert read["choice"].null_count() == 2
    assert all("flatten=True" in detail for detail in read["detail"])
    trusted = argilla.read([path], Argilla(assume_submitted=True))
    assert trusted["choice"].to_list() == [2, 1]


def test_a_status_is_believed_even_where_none_is_needed(tmp_path: Path) -> None:
    nested = {
        "fields": {},
        "metadata": {"comparison_id": "c"},
        "responses": {
            "preference": [
                {"value": "a_much", "user_id": "u", "status": "submitted"},
                {"value": "b_much", "user_id": "v", "status": "ResponseStatus.draft"},
            ]
        },
    }
    read = _read(tmp_path, [nested], assume_submitted=True)
    assert read["status"].to_list() == ["submitted", "draft"]
    assert read["choice"].to_list() == [2, None]


def test_what_was_clicked_before_a_discard_is_no_choice(tmp_path: Path) -> None:
    read = _read(tmp_path, [_flat(["tie"], [_ANN], ["discarded"])])
    assert read["status"].to_list() == ["skipped"]
    assert read["choice"].to_list() == [None]
    assert read["raw_value"].to_list() == ["tie"]


def test_comments_and_confidence_are_joined_by_user(tmp_path: Path) -> None:
    record = _flat(["a_much", "tie"], ["u", "v"], ["submitted", "submitted"])
    record |= {
        "comment.responses": ["of v", "of w"],
        "comment.responses.users": ["v", "w"],
        "comment.responses.status": ["submitted", "discarded"],
        "confidence.responses": [5],
        "confidence.responses.users": ["u"],
        "confidence.responses.status": ["submitted"],
    }
    read = _read(tmp_path, [record])
    assert read.select("annotator", "status", "comment", "confidence").rows() == [
        ("u", "submitted", None, "5"),
        ("v", "submitted", "of v", None),
        ("w", "skipped", "of w", None),
    ]


def test_the_later_export_is_the_newer_word(tmp_path: Path) -> None:
    paths = []
    for day, word in ((2, "b_much"), (1, "a_much")):
        record = _flat([word], [_ANN], ["submitted"])
        path = tmp_path / f"{day}.json"
        path.write_text(json.dumps({"exported_at": f"2026-02-0{day}", "records": [record]}))
        paths.append(path)
    read = argilla.read(paths, Argilla())
    assert newest(read) == {("c", _ANN): ("submitted", -2)}
    assert read["answer_id"].n_unique() == 1


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (_flat(["maybe"], ["u"], ["submitted"]), "none of the choices"),
        (_flat([None], ["u"], ["submitted"]), "without a choice"),
        (_flat(["tie"], ["u"], ["pending"]), "no status of Argilla"),
        (_flat(["tie"], ["u"], None), "does not say whether"),
        ({**_flat(["tie"], ["u"], ["submitted"]), "comparison_id": None, "id": None}, "no compar"),
    ],
)
def test_what_is_no_answer_says_why(tmp_path: Path, record: dict[str, Any], why: str) -> None:
    read = _read(tmp_path, [record])
    assert read["status"].to_list() == ["unreadable"]
    assert why in read["detail"].item()


def test_the_id_of_a_record_stands_in_for_lost_metadata(tmp_path: Path) -> None:
    record = _flat(["tie"], ["u"], ["submitted"])
    del record["comparison_id"]
    assert _read(tmp_path, [record])["comparison_id"].to_list() == ["c"]


def test_records_that_nobody_answered_are_no_rows(out: Path) -> None:
    path = out / "votes-1" / "records.json"
    assert argilla.read([path], Argilla()).height == 0
    assert not argilla.is_answered(path)


def test_a_parquet_file_that_is_cut_is_an_error(out: Path) -> None:
    path = answer_as("argilla", out, scripted_votes(example_tasks()), shape="parquet")
    path.write_bytes(path.read_bytes()[:-20])
    assert not argilla.is_answered(path)
    with pytest.raises(DataError, match="Parquet") as caught:
        argilla.read([path], Argilla())
    assert caught.value.fix


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "user_id", "status", "preference", "id", "values", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
_RECORD = st.fixed_dictionaries(
    {"preference.responses": _JSON},
    optional={
        "id": _JSON,
        "comparison_id": _JSON,
        "is_swapped": _JSON,
        "preference.responses.users": _JSON,
        "preference.responses.status": _JSON,
        "comment.responses": _JSON,
        "responses": _JSON,
        "fields": _JSON,
        "metadata": _JSON,
    },
)


@given(items=st.lists(_JSON | _RECORD, max_size=4))
def test_no_json_crashes_the_reader_and_none_vanishes(
    tmp_path_factory: pytest.TempPathFactory, items: list[Any]
) -> None:
    read = _outcome(tmp_path_factory.mktemp("json"), items)
    if isinstance(read, DataError):
        assert read.fix
        return
    assert read.schema == pl.Schema(ANSWERS)
    is_record = [isinstance(item, dict) and "preference.responses" in item for item in items]
    for row, item in enumerate(items):
        found = read.filter(pl.col("row") == row)
        if not is_record[row] and not (isinstance(item, dict) and {"id", "fields"} & set(item)):
            assert found["status"].to_list() == ["unreadable"]
        elif is_record[row] and not isinstance(item.get("responses"), dict | list):
            values = item["preference.responses"]
            n_values = len(values) if isinstance(values, list) else int(values is not None)
            assert found.height >= n_values
