"""Hold references between tables: a key that points to nothing is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.schema.model import TableSchema

__all__ = ["BROKEN_REFERENCE_COLUMNS", "broken_references"]

BROKEN_REFERENCE_COLUMNS: dict[str, pl.DataType] = {
    "table": pl.String(),
    "key": pl.String(),
    "field": pl.String(),
    "target": pl.String(),
    "value": pl.String(),
}
"""Columns of broken references: the row by its key, the field, where it points, its value."""


def broken_references(schema: TableSchema, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """List the references of a table that point to no row.

    Args:
        schema: Contract of the table that holds the references.
        frames: Table name to frame, with the table itself. A table that is not there has no
            rows, so whatever points to it is broken.

    Returns:
        One row per reference, in the order of fields and rows, with the columns of
        `BROKEN_REFERENCE_COLUMNS`. ``key`` joins the primary key with slashes. Null references
        and null items are fine; of a list column each item that points to nothing is a row.
    """
    rows = frames[schema.table]
    found = [
        _broken(rows, schema, field, target, frames) for field, target in schema.references.items()
    ]
    return pl.concat([pl.DataFrame(schema=BROKEN_REFERENCE_COLUMNS), *found])


def _broken(
    rows: pl.DataFrame,
    schema: TableSchema,
    field: str,
    target: str,
    frames: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    table, column = target.split(".")
    values = rows.lazy().select(pl.struct(schema.primary_key or [field]).alias("key"), value=field)
    if schema.columns[field].type.startswith("list<"):
        values = values.explode("value")
    values = values.drop_nulls("value")
    if table in frames:
        keys = frames[table].lazy().select(value=column)
        values = values.join(keys, on="value", how="anti", maintain_order="left")
    parts = [
        pl.col("key").struct.field(name).cast(pl.String).fill_null("")
        for name in schema.primary_key
    ]
    return values.select(
        table=pl.lit(schema.table),
        key=pl.concat_str(parts, separator="/") if parts else pl.lit(None, dtype=pl.String),
        field=pl.lit(field),
        target=pl.lit(target),
        value=pl.col("value").cast(pl.String),
    ).collect()
