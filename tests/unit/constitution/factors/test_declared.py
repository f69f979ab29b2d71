"""What a factor may say of itself."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prefdata.constitution.factors.declared import MEASURES, Factor
from prefdata.constitution.factors.quantities import QUANTITIES

__all__: list[str] = []

_BASE: dict[str, Any] = {
    "name": "tea",
    "theme": "drinks",
    "kind": "count",
    "sentence": "Select the response that speaks more of tea.",
    "opposite": "Select the response that speaks less of tea.",
}


def test_words_may_be_a_list_or_parted_by_commas() -> None:
    one = Factor.model_validate(_BASE | {"words": ["tea", "cup of tea"]})
    other = Factor.model_validate(_BASE | {"words": "tea, cup of tea,"})
    assert one == other


def test_dead_zones_follow_from_the_kind_where_none_is_named() -> None:
    assert Factor.model_validate(_BASE | {"words": "tea"}).zone == 0
    assert Factor.model_validate(_BASE | {"kind": "rate", "words": "tea"}).zone == 0.1
    assert (
        Factor.model_validate(_BASE | {"kind": "rate", "dead_zone": 0.2, "words": "tea"}).zone
        == 0.2
    )


def test_every_measure_is_of_a_text_or_of_a_text_and_its_prompt() -> None:
    assert {*QUANTITIES, "prompt_overlap", "script_match"} == MEASURES


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"measure": "words", "kind": "cont"},
        {"measure": "grade"},
        {"measure": "words", "kind": "flag"},
        {"words": "tea", "at_most": 3},
        {"patterns": ["a"], "within": "opening"},
        {"words": "tea", "kind": "cont", "dead_zone": 0.1},
        {"words": "tea", "dead_zone": 1},
        {"words": "tea", "window": -1},
        {"words": "*"},
    ],
)
def test_what_cannot_be_measured_or_would_be_ignored_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Factor.model_validate(_BASE | fields)
