"""Answers as rows."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.handoffs._answers import (
    Answer,
    Ids,
    frame_of,
    ids_of,
    moment,
    person,
    submitted,
    unreadable,
)
from prefdata.protocols import ANSWERS

__all__: list[str] = []

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def _one(answer: Answer) -> dict[str, Any]:
    return frame_of([answer], "x.json").row(0, named=True)


@given(raw=_JSON, name=st.text(), seconds=_JSON)
def test_whatever_a_tool_says_fits_into_a_row(raw: Any, name: str, seconds: Any) -> None:
    answer = Answer(
        0, "unreadable", annotator=person(name), raw_value=name, seconds=seconds, raw=raw
    )
    frame = frame_of([answer], "x")
    assert frame.schema == pl.Schema(ANSWERS)
    assert frame["answer_id"].null_count() == 0
    if raw is not None:
        json.loads(frame["raw"].item())


def test_lone_surrogates_are_spelled_out() -> None:
    row = _one(Answer(0, "draft", raw_value="\ud800", comment="a\udfffb", raw={"\ud800": "\udc00"}))
    assert row["raw_value"] == "\\ud800"
    assert row["comment"] == "a\\udfffb"
    assert row["raw"]


def test_people_are_named_by_digests_and_not_by_addresses() -> None:
    found = person("Ann.Lee@Example.org")
    assert found is not None
    assert found.startswith("mail-")
    assert found == person(" ann.lee@example.org ")
    assert found != person("bob@example.org")


@pytest.mark.parametrize("name", [None, "", "  ", "None", "nan", True, 1.5, ["ann"], {"id": 1}])
def test_who_is_not_named_is_nobody(name: object) -> None:
    assert person(name) is None


def test_case_and_spaces_make_no_other_person() -> None:
    assert person(" Ann  Lee") == person("ann lee") == "ann lee"
    assert person(12) == "12"


def test_names_and_addresses_are_not_kept() -> None:
    said = {
        "completed_by": {"id": 3, "email": "ann@example.org", "first_name": "Ann"},
        "note": "\nann@example.org wrote this",
        "deep": [{"last_name": "Lee", "x": 1}],
    }
    raw = _one(Answer(0, "draft", raw=said))["raw"]
    assert "example.org" not in raw
    assert "Ann" not in raw
    assert "Lee" not in raw
    assert json.loads(raw)["completed_by"] == {"id": 3}


def test_what_is_long_is_cut_to_json_still() -> None:
    raw = _one(unreadable(0, {"x": "y" * 50_000}, "why"))["raw"]
    assert len(raw) < 6_000
    assert isinstance(json.loads(raw), str)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5)),  # noqa: DTZ001 - UTC without zone
        ("2026-01-02T03:04:05.5+02:00", datetime(2026, 1, 2, 1, 4, 5, 500000)),  # noqa: DTZ001
        ("2026-01-02", datetime(2026, 1, 2)),  # noqa: DTZ001
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (1700000000, None),
        (None, None),
    ],
)
def test_times_are_utc(value: object, wanted: datetime | None) -> None:
    assert moment(value) == wanted


@pytest.mark.parametrize(
    ("swapped", "wanted"),
    [(True, True), ("true", True), ("FALSE", False), ("maybe", None), (1, None), (None, None)],
)
def test_the_order_shown_is_read_or_left_open(swapped: object, wanted: bool | None) -> None:
    assert ids_of({"comparison_id": "c", "is_swapped": swapped}).is_swapped is wanted


def test_ids_are_texts_or_numbers() -> None:
    assert ids_of({"comparison_id": 7, "plan_id": ["p"]}) == Ids("7", None, None)
    assert ids_of({"comparison_id": " "}).comparison_id is None


def test_a_choice_needs_a_word_and_a_comparison() -> None:
    fine = submitted(Answer(0, "unreadable", ids=Ids("c"), raw_value="b_much"))
    assert (fine.status, fine.choice) == ("submitted", -2)
    for answer, why in (
        (Answer(0, "unreadable", ids=Ids("c")), "without a choice"),
        (Answer(0, "unreadable", ids=Ids("c"), raw_value="maybe"), "'maybe' is none"),
        (Answer(0, "unreadable", raw_value="tie"), "no comparison_id"),
    ):
        read = submitted(answer)
        assert (read.status, read.choice) == ("unreadable", None)
        assert why in (read.detail or "")


def test_an_answer_without_a_name_of_its_own_gets_one() -> None:
    ids = Ids("c")
    assert _one(Answer(0, "draft", ids=ids, annotator="ann"))["answer_id"] == "c/ann"
    first, second = (_one(Answer(row, "draft", ids=ids)) for row in (0, 1))
    assert first["answer_id"] != second["answer_id"]


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 10**400, True, "5"])
def test_impossible_durations_are_null(seconds: Any) -> None:
    assert _one(Answer(0, "draft", seconds=seconds))["seconds"] is None
