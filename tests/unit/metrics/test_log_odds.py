"""Terms that set a class apart, by log-odds with an informative prior."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.metrics.log_odds import log_odds_terms

__all__: list[str] = []


def _counts(rows: list[tuple[int, str, int]]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={"class": pl.Int64, "term": pl.String, "count": pl.Int64},
        orient="row",
    )


def test_the_weight_is_that_of_equations_16_and_22() -> None:
    # Worked by hand: six words in class 0, four in class 1; prior counts 6 and 4 of ten words.
    found = log_odds_terms(
        _counts([(0, "kind", 5), (0, "long", 1), (1, "kind", 1), (1, "long", 3)]), prior_words=10
    )
    odds = math.log((5 + 6) / (6 + 10 - 5 - 6)) - math.log((1 + 6) / (4 + 10 - 1 - 6))
    deviation = math.sqrt(1 / (5 + 6) + 1 / (1 + 6))
    assert found["weight"][0] == pytest.approx(odds / deviation)
    assert found["weight"][0] == pytest.approx(1.63075, abs=1e-5)
    assert found["weight"][2] == pytest.approx(-found["weight"][0])


def test_a_word_that_came_once_weighs_less_than_one_that_came_often() -> None:
    rows = [(0, "often", 20), (0, "once", 1), (0, "other", 20), (1, "other", 40)]
    found = dict(
        log_odds_terms(_counts(rows))
        .filter(pl.col("class") == 0)
        .select("term", "weight")
        .iter_rows()
    )
    assert found["often"] > found["once"] > 0 > found["other"]


def test_without_a_rest_nothing_sets_a_class_apart() -> None:
    assert log_odds_terms(_counts([(0, "a", 2), (0, "b", 1)]))["weight"].to_list() == [0, 0]
    assert log_odds_terms(_counts([(0, "a", 2), (1, "a", 1)]))["weight"].to_list() == [0, 0]
    assert log_odds_terms(_counts([])).is_empty()


@settings(max_examples=20)
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 1), st.sampled_from("abcd")), st.integers(1, 50), min_size=1
    )
)
def test_what_sets_one_of_two_classes_apart_is_what_the_other_lacks(
    counts: dict[tuple[int, str], int],
) -> None:
    rows = [(of, term, count) for (of, term), count in counts.items()]
    found = {(row[0], row[1]): row[2] for row in log_odds_terms(_counts(rows)).iter_rows()}
    assert all(math.isfinite(weight) for weight in found.values())
    for (of, term), weight in found.items():
        other = found.get((1 - of, term))
        assert other is None or other == pytest.approx(-weight)
