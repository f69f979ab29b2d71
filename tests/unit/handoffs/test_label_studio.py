"""Label Studio: the project that we make, and what comes out of one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import DataError
from prefdata.handoffs.label_studio import LabelStudio, label_studio
from prefdata.protocols import ANSWERS
from prefdata.testing.annotators import ScriptedVote, answer_as
from prefdata.testing.handoffs import example_tasks, newest, scripted_votes

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_C = "0" * 32


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Tasks, handed off."""
    label_studio.write(example_tasks(), tmp_path, LabelStudio())
    return tmp_path


def _config(folder: Path) -> ET.Element:
    return ET.fromstring((folder / "votes-1" / "config.xml").read_text())  # noqa: S314 - our own


def _read(folder: Path, value: Any) -> pl.DataFrame:
    path = folder / "some.json"
    path.write_text(json.dumps(value))
    return label_studio.read([path], LabelStudio())


def _outcome(folder: Path, value: Any) -> pl.DataFrame | DataError:
    try:
        return _read(folder, value)
    except DataError as error:
        return error


def _task(*annotations: Any, **more: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"comparison_id": "c"}, "annotations": list(annotations), **more}


def _chose(word: Any, **more: Any) -> dict[str, Any]:
    region = {"from_name": "preference", "type": "choices", "value": {"choices": [word]}}
    return {"id": 5, "completed_by": 1, "result": [region], "was_cancelled": False, **more}


def test_every_control_points_to_a_text_that_is_shown(tmp_path: Path) -> None:
    label_studio.write(example_tasks(), tmp_path, LabelStudio(with_confidence=True))
    root = _config(tmp_path)
    named = [tag.get("name") for tag in root.iter() if tag.get("name")]
    assert len(named) == len(set(named))
    objects = {tag.get("name") for tag in root.iter() if tag.tag in {"Text", "Paragraphs"}}
    controls = {tag.get("name"): tag.get("toName") for tag in root.iter() if tag.get("toName")}
    assert objects == {"prompt", "first", "second"}
    assert set(controls) == {"preference", "comment", "confidence"}
    assert set(controls.values()) <= objects


def test_every_variable_of_the_interface_is_in_the_tasks(out: Path) -> None:
    used = {
        value[1:]
        for tag in _config(out).iter()
        for value in tag.attrib.values()
        if value[:1] == "$"
    }
    tasks = json.loads((out / "votes-1" / "tasks.json").read_text())
    assert used == {"question", "prompt", "first", "second"}
    for task in tasks:
        assert set(task) == {"data"}
        assert used <= set(task["data"])
        # `Paragraphs` looks at the first message, so there must be one.
        assert task["data"]["prompt"][0].keys() == {"role", "content"}


def test_annotators_see_sentences_and_one_choice_must_be_made(out: Path) -> None:
    choices = next(tag for tag in _config(out).iter("Choices"))
    assert choices.get("choice") == "single-radio"
    assert choices.get("required") == "true"
    assert [(tag.get("alias"), tag.get("value")) for tag in choices][2] == (
        "tie",
        "Both are about equally good or bad",
    )


def test_no_tag_runs_what_is_in_a_text(out: Path) -> None:
    tags = {tag.tag for tag in _config(out).iter()}
    assert not tags & {"HyperText", "Markdown", "Chat"}
    assert all(tag.get("valueType") == "text" for tag in _config(out).iter("Text"))


def test_a_comment_is_asked_for_only_if_wanted(tmp_path: Path) -> None:
    label_studio.write(example_tasks(), tmp_path, LabelStudio(with_comment=False))
    assert not list(_config(tmp_path).iter("TextArea"))


def test_the_readme_says_how_many_judge_a_task(out: Path) -> None:
    assert "maximum_annotations=3" in (out / "votes-3" / "README.md").read_text()


def test_a_skipped_task_is_no_tie(tmp_path: Path) -> None:
    read = _read(tmp_path, [_task(_chose("tie", was_cancelled=True))])
    assert read.select("status", "choice").rows() == [("skipped", None)]


def test_a_side_is_a_preference_without_strength(out: Path) -> None:
    votes = [ScriptedVote(_C, "ann", 2), ScriptedVote(_C, "bob", -2)]
    read = label_studio.read([answer_as("label-studio", out, votes, shape="pairwise")], None)
    assert read.select("choice", "raw_value").rows() == [(1, "left"), (-1, "right")]


def test_json_min_says_the_same_but_for_what_was_skipped(out: Path) -> None:
    votes = scripted_votes(example_tasks())
    full, flat = (
        answer_as("label-studio", out, votes, shape=shape, name=shape)
        for shape in ("json", "json-min")
    )
    assert label_studio.is_answered(flat)
    read = label_studio.read([flat], LabelStudio())
    submitted = {
        key: said
        for key, said in newest(label_studio.read([full], LabelStudio())).items()
        if said[0] == "submitted"
    }
    assert newest(read) == submitted
    assert all("JSON-MIN" in detail for detail in read["detail"])


def test_an_edited_annotation_keeps_its_id_and_has_a_later_version(out: Path) -> None:
    before, after = ScriptedVote(_C, "ann", 2), ScriptedVote(_C, "ann", -1, edit=1)
    paths = [
        answer_as("label-studio", out, [before], name="one"),
        answer_as("label-studio", out, [before, after], name="two"),
    ]
    read = label_studio.read(paths, LabelStudio())
    assert read["answer_id"].n_unique() == 1
    assert read["version"].is_sorted()
    assert read["version"].n_unique() == 2
    assert read["choice"].to_list() == [2, -1]


def test_who_it_was_is_a_number_or_the_digest_of_an_address(tmp_path: Path) -> None:
    people = [7, {"id": 7, "email": "x@y.org"}, {"email": "X@y.org"}, "x@y.org", None, {}]
    read = _read(tmp_path, [_task(*(_chose("tie", completed_by=who) for who in people))])
    first, second, third, fourth, *nobody = read["annotator"].to_list()
    assert first == second == "7"
    assert third == fourth
    assert third.startswith("mail-")
    assert nobody == [None, None]
    assert not read.filter(pl.any_horizontal(pl.col(pl.String).str.contains("y.org"))).height


def test_drafts_are_drafts_whatever_they_hold(tmp_path: Path) -> None:
    draft = {
        "id": 9,
        "user": 3,
        "created_username": "a@b.org, 3",
        "result": _chose("tie")["result"],
    }
    read = _read(tmp_path, [_task(drafts=[draft, 12, {}])])
    assert read["status"].to_list() == ["draft"] * 3
    assert read["choice"].null_count() == 3
    assert read["answer_id"].to_list()[:2] == ["draft-9", "draft-12"]
    assert "b.org" not in str(read["raw"].to_list())


def test_what_models_predicted_is_no_answer(tmp_path: Path) -> None:
    task = _task(predictions=[{"id": 1, "result": _chose("a_much")["result"]}])
    assert not _read(tmp_path, [task]).height


def test_a_control_of_another_name_is_read_if_it_is_the_only_one(tmp_path: Path) -> None:
    region = {"from_name": "mine", "type": "choices", "value": {"choices": ["B is much better"]}}
    other = {"from_name": "topic", "type": "choices", "value": {"choices": ["law"]}}
    both = _chose("tie")["result"] + [other]
    read = _read(tmp_path, [_task(_chose("x", result=[region]), _chose("x", result=both))])
    assert read["choice"].to_list() == [-2, 0]


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        (_chose("x", result=[]), "without a choice"),
        (_chose("x", result=None), "without a choice"),
        (_chose("sideways"), "'sideways' is none"),
        (17, "no object"),
        (
            _chose("x", result=_chose("tie")["result"] + _chose("a_much")["result"]),
            "several choices at once: a_much, tie",
        ),
    ],
)
def test_what_is_no_answer_says_why(tmp_path: Path, annotation: Any, why: str) -> None:
    read = _read(tmp_path, [_task(annotation)])
    assert read["status"].to_list() == ["unreadable"]
    assert read["comparison_id"].to_list() == ["c"]
    assert why in read["detail"].item()


def test_time_seconds_comment_and_confidence_are_kept(tmp_path: Path) -> None:
    result = [
        *_chose("a_slight")["result"],
        {"from_name": "comment", "type": "textarea", "value": {"text": ["one", "two"]}},
        {"from_name": "confidence", "type": "rating", "value": {"rating": 4}},
    ]
    entry = _chose("x", result=result, lead_time=3.5, updated_at="2026-01-02T03:04:05.1Z")
    row = _read(tmp_path, [_task(entry)]).row(0, named=True)
    assert (row["comment"], row["confidence"], row["seconds"]) == ("one\ntwo", "4", 3.5)
    assert row["version"] == "2026-01-02T03:04:05.100000Z"
    assert row["answered_at"].isoformat() == "2026-01-02T03:04:05.100000"


def test_tasks_that_nobody_answered_are_no_rows(out: Path) -> None:
    path = answer_as("label-studio", out, [])
    assert not label_studio.read([path], LabelStudio()).height
    assert not label_studio.is_answered(path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "result", "value", "choices", "selected", "type", "from_name", "text"]
            ),
            inner | st.sampled_from(["choices", "pairwise", "preference", "comment", "left"]),
            max_size=4,
        )
    ),
    max_leaves=10,
)
_TASK = st.fixed_dictionaries(
    {"data": st.dictionaries(st.sampled_from(["comparison_id", "is_swapped"]), _JSON)},
    optional={"annotations": _JSON, "completions": _JSON, "drafts": _JSON},
)
_FLAT = st.fixed_dictionaries(
    {"annotation_id": _JSON, "annotator": _JSON, "lead_time": _JSON},
    optional={"preference": _JSON, "comment": _JSON, "comparison_id": _JSON, "updated_at": _JSON},
)


def _count(value: Any) -> int:
    return len(value) if isinstance(value, list) else int(value is not None)


def _n_answers(item: Any) -> int:
    if not isinstance(item, dict):
        return 1
    if isinstance(item.get("data"), dict) and {"annotations", "completions"} & set(item):
        given = item.get("annotations", item.get("completions"))
        return _count(given) + _count(item.get("drafts"))
    if {"annotation_id", "annotator", "lead_time"} <= set(item):
        return int(item["annotation_id"] is not None or "preference" in item)
    return 1


@given(items=st.lists(_JSON | _TASK | _FLAT, max_size=4))
def test_no_json_crashes_the_reader_and_every_answer_is_a_row(
    tmp_path_factory: pytest.TempPathFactory, items: list[Any]
) -> None:
    read = _outcome(tmp_path_factory.mktemp("json"), items)
    if isinstance(read, DataError):
        assert read.fix
        return
    assert read.schema == pl.Schema(ANSWERS)
    assert read.height == sum(_n_answers(item) for item in items)
