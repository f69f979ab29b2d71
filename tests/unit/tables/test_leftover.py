"""Leftover columns as JSON: every cell is there, and nothing is written for nothing."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import SourceDriftError
from prefdata.tables.leftover import json_object

__all__: list[str] = []

_CELLS = st.lists(st.none() | st.text(max_size=5), min_size=3, max_size=3)


@given(fixed=_CELLS, sparse=_CELLS, nested=_CELLS)
def test_cells_come_back(
    fixed: list[str | None], sparse: list[str | None], nested: list[str | None]
) -> None:
    inner = [None if cell is None else json.dumps({"x": cell}) for cell in nested]
    columns = {"f": fixed, 's "p"\n': sparse, "n": inner}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String()))
    written = json_object(frame, fixed=["f"], sparse=['s "p"\n'], nested=["n"], file="f.csv")
    for text, one, two, three in zip(written, fixed, sparse, nested, strict=True):
        expected: dict[str, Any] = {"f": one}
        expected |= {} if two is None else {'s "p"\n': two}
        expected |= {} if three is None else {"n": {"x": three}}
        assert json.loads(text) == expected


def test_nothing_left_over_is_null() -> None:
    frame = pl.DataFrame({"a": ["x", None], "b": [None, None]})
    assert json_object(frame, sparse=["a"], file="f").to_list() == ['{"a":"x"}', None]
    assert json_object(frame, sparse=["b"], file="f").to_list() == [None, None]
    assert json_object(frame, file="f").to_list() == [None, None]


def test_bytes_are_drift() -> None:
    frame = pl.DataFrame({"a": [[b"x"]]})
    with pytest.raises(SourceDriftError, match="hold bytes"):
        json_object(frame, fixed=["a"], file="f")
