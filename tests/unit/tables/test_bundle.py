"""Rejects are one table, whoever wrote them."""

from __future__ import annotations

import polars as pl
import pytest

from prefdata.tables.bundle import REJECT_COLUMNS, Bundle, concat_rejects, no_rejects
from prefdata.tables.raw import Reject, rejects_of

__all__: list[str] = []


def test_rejects_of_nothing_have_the_columns() -> None:
    for frame in (no_rejects(), concat_rejects([]), Bundle("f", 0, {}).rejects):
        assert frame.is_empty()
        assert dict(frame.schema) == REJECT_COLUMNS


def test_rejects_are_joined_in_their_order() -> None:
    first = rejects_of("b.csv", [Reject(2, "rule", "why"), Reject(1, "rule", "why")])
    second = rejects_of("a.csv", [Reject(0, "rule", "why", field="f", raw="text")])
    joined = concat_rejects([first, no_rejects(), second])
    assert joined.select("file", "row").rows() == [("b.csv", 2), ("b.csv", 1), ("a.csv", 0)]
    assert dict(joined.schema) == REJECT_COLUMNS


def test_a_frame_of_other_columns_is_not_joined() -> None:
    with pytest.raises(pl.exceptions.PolarsError):
        concat_rejects([pl.DataFrame({"file": ["f"]})])
