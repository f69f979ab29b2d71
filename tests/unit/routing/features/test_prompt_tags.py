"""The tags that follow from the dimensions of a prompt."""

from __future__ import annotations

import polars as pl

from prefdata.routing.features.names import DIMENSIONS, HYPER_TAGS
from prefdata.routing.features.prompt_tags import prompt_tags

__all__: list[str] = []

_LISTS = dict.fromkeys(DIMENSIONS, pl.List(pl.String))


def _tags(**said: list[str]) -> list[str]:
    frame = pl.DataFrame([said], schema=_LISTS)
    return list(prompt_tags(frame)[0])


def test_each_value_is_a_tag_and_open_sets_are_one() -> None:
    found = _tags(
        subject_of_expertise=["Journalism", "Law"],
        languages=["English", "French"],
        safety_concern=["high"],
        format_constraints=["json", "length"],
        type_of_in_context_material=[],
    )
    assert found == [
        "analyzer_closed_set::feature_name=subject_of_expertise|constraints=Journalism",
        "analyzer_closed_set::feature_name=subject_of_expertise|constraints=Law",
        "analyzer_closed_set::feature_name=languages|constraints=English",
        "analyzer_scalar::feature_name=safety_concern|value=high",
        "analyzer_open_set::feature_name=format_constraints|check_for_existence=1",
    ]
    assert set(found) <= set(HYPER_TAGS)


def test_a_value_counts_as_a_whole() -> None:
    assert _tags(subject_of_expertise=["Astrophysics"], expertise_level=["expert"]) == []


def test_what_is_unknown_has_no_tag() -> None:
    assert _tags() == []
    assert prompt_tags(pl.DataFrame(schema=_LISTS)).to_list() == []
