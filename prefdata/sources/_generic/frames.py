"""Frames of Python values, through Arrow: polars takes nested values one by one, Arrow at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["frame_of", "frame_of_rows"]


def frame_of(
    columns: Mapping[str, Sequence[Any]], schema: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """Make a frame of columns with exactly the types of ``schema``."""
    types = pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    arrays = [pa.array(columns[field.name], type=field.type) for field in types]
    return pl.DataFrame(pa.Table.from_arrays(arrays, schema=types), schema=schema)


def frame_of_rows(
    rows: Sequence[Mapping[str, Any]], schema: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """Make a frame of rows with exactly the columns of ``schema``; what a row lacks is null."""
    return frame_of({name: [row.get(name) for row in rows] for name in schema}, schema)
