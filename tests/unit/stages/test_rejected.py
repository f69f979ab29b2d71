"""A text that a stage cannot use is named, with its field and its beginning."""

from __future__ import annotations

import polars as pl

from prefdata.stages._rejected import reject_rows
from prefdata.tables.bundle import REJECT_COLUMNS


def test_a_reject_names_the_row_and_keeps_the_beginning_of_its_text() -> None:
    rows = pl.DataFrame({"id": ["q", "p"], "source": ["b", "a"], "text": ["x" * 5000, None]})
    found = reject_rows(rows, "prompts", "no-vector", "Why.")
    assert dict(found.schema) == {"source": pl.String(), **REJECT_COLUMNS}
    assert found["id"].to_list() == ["p", "q"]
    assert set(found["field"]) == {"messages"}
    assert found["raw"].to_list() == [None, "x" * 4096]
