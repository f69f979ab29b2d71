"""Every published count of the survey holds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.testing.world.counts import generator
from prefdata.testing.world.prism_survey import build_survey, stretch
from prefdata.testing.world.prism_tables import SURVEY, USECASES

if TYPE_CHECKING:
    from prefdata.testing.world.prism_structure import Structure

__all__: list[str] = []


@pytest.fixture(scope="module")
def survey(prism: Structure) -> list[dict[str, Any]]:
    return build_survey(generator(0, "prism", "survey"), prism)[0]


@pytest.mark.parametrize("name", [n for n in SURVEY if n not in {"religion", "ethnicity"}])
def test_answers_are_as_published(survey: list[dict[str, Any]], name: str) -> None:
    expected: Counter[str | None] = Counter(SURVEY[name])
    if name == "lm_frequency_use":
        expected[None] = 247
    assert Counter(row[name] for row in survey) == expected


def test_religion_and_ethnicity_are_as_published(survey: list[dict[str, Any]]) -> None:
    distinct = {"religion": 137, "ethnicity": 264}
    for name, n in distinct.items():
        assert Counter(row[name]["categorised"] for row in survey) == Counter(SURVEY[name])
        texts = [row[name]["self_described"] for row in survey]
        assert len(set(texts)) == n
        assert all(text == text.lower() for text in texts)
    simple = Counter(row["religion"]["simplified"] for row in survey)
    assert (simple["No Affiliation"], simple["Other"]) == (851, 30)
    simple = Counter(row["ethnicity"]["simplified"] for row in survey)
    assert (simple["Black"], simple["Other"]) == (122, 39)


def test_uses_are_null_for_those_who_were_not_asked(survey: list[dict[str, Any]]) -> None:
    for row in survey:
        nulls = {row["lm_usecases"][name] is None for name in USECASES}
        assert nulls == {row["lm_frequency_use"] is None}
        assert {row["order_lm_usecases"][name] is None for name in USECASES} == nulls
    for name, count in USECASES.items():
        assert sum(row["lm_usecases"][name] == 1 for row in survey) == count


def test_flags_and_times_are_as_published(survey: list[dict[str, Any]]) -> None:
    assert sum(row["survey_only"] for row in survey) == 104
    flags = ("US_REP", "UK_REP", "balanced_subset")
    assert [sum(row[f"included_in_{f}"] for row in survey) for f in flags] == [230, 243, 1_246]
    times = [row["generated_datetime"] for row in survey]
    assert (times[0], times[-1]) == ("2023-11-22 15:48:46", "2023-12-22 06:56:27")
    assert times == sorted(times)
    assert len(set(times)) == 1_492
    seconds = [row["timing_duration_s"] for row in survey]
    assert (min(seconds), max(seconds)) == (160, 529_927)


def test_the_row_has_the_published_shape(survey: list[dict[str, Any]]) -> None:
    row = survey[0]
    sizes = {name: len(v) for name, v in row.items() if isinstance(v, dict)}
    assert len(row) == 32
    assert sizes == {
        "religion": 3,
        "ethnicity": 3,
        "location": 10,
        "lm_usecases": 20,
        "stated_prefs": 10,
        "order_lm_usecases": 19,
        "order_stated_prefs": 9,
    }
    assert len({r["study_id"] for r in survey}) == 51
    assert max(len(r["self_description"]) for r in survey) == 1_547
    assert max(len(r["system_string"]) for r in survey) == 9_530


def test_a_stretched_text_has_the_length_wanted() -> None:
    assert [len(stretch("ab cd", n)) for n in (1, 7, 100)] == [1, 7, 100]
