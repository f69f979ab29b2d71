"""Comparisons and their names."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from prefdata.tables.comparisons import comparison_ids

__all__: list[str] = []


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), min_size=1, max_size=20))
def test_the_name_does_not_depend_on_who_comes_first(ids: list[tuple[str, str]]) -> None:
    frame = pl.DataFrame(ids, schema={"one": pl.String, "other": pl.String}, orient="row")
    frame = frame.with_columns(prompt_id=pl.lit("p"), aspect=pl.lit("overall"))
    names = ["comparison_id", "response_a_id", "response_b_id"]
    here = comparison_ids(frame, "one", "other").select(names)
    assert here.equals(comparison_ids(frame, "other", "one").select(names))


def test_a_is_no_more_often_the_one_that_comes_first_by_name() -> None:
    n = 2000
    frame = pl.DataFrame(
        {
            "one": [f"{i}/chosen" for i in range(n)],
            "other": [f"{i}/rejected" for i in range(n)],
            "prompt_id": [str(i) for i in range(n)],
            "aspect": ["overall"] * n,
        }
    )
    assert 900 < comparison_ids(frame, "one", "other")["is_one_a"].sum() < 1100
