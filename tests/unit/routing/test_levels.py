"""Votes have a side, and a strength in the words of sources and tools."""

from __future__ import annotations

import polars as pl
import pytest

from prefdata.routing.levels import CLASSES, level, vote_class

__all__: list[str] = []


@pytest.mark.parametrize(
    ("label", "strength", "expected"),
    [
        (1.0, "clearly", 2),
        (0.0, "clearly", -2),
        (1.0, "slightly", 1),
        (0.0, "a-is-clearly-better", -2),
        (0.0, "b_much", -2),
        (1.0, "Significantly better", 2),
        (1.0, "a_slight", 1),
        (1.0, "farther", 1),
        (1.0, "somehow", 1),
        (1.0, None, 1),
        (0.5, "clearly", 0),
        (0.75, None, 1),
        (0.25, "much", -2),
    ],
)
def test_a_level_is_the_side_and_how_strongly(
    label: float, strength: str | None, expected: int
) -> None:
    types = {"label": pl.Float64, "strength": pl.String}
    frame = pl.DataFrame([(label, strength)], schema=types, orient="row")
    assert frame.select(level()).item() == expected
    side = CLASSES[frame.select(vote_class()).item()]
    assert side == {-1: "b", 0: "tie", 1: "a"}[(expected > 0) - (expected < 0)]
