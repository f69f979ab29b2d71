from __future__ import annotations

import polars as pl
import pytest

from prefdata.publishing.contents import rows_digest

__all__: list[str] = []

_ROWS = pl.DataFrame({"a": ["x", None, "ü"], "b": [[{"role": "user", "content": "q"}], [], None]})


def test_the_digest_does_not_depend_on_how_rows_are_cut_or_encoded() -> None:
    whole = rows_digest([_ROWS])
    assert whole[0] == 3
    assert rows_digest(_ROWS.iter_slices(1)) == whole
    assert rows_digest([_ROWS.with_columns(pl.col("a").cast(pl.Categorical))]) == whole


@pytest.mark.parametrize(
    "other",
    [
        _ROWS.reverse(),
        _ROWS.select("b", "a"),
        _ROWS.rename({"a": "c"}),
        _ROWS.with_columns(pl.col("a").fill_null("")),
        _ROWS.head(2),
    ],
)
def test_the_digest_sees_every_change_of_the_rows(other: pl.DataFrame) -> None:
    assert rows_digest([other])[1] != rows_digest([_ROWS])[1]
