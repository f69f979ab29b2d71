"""What has no column, as JSON: the ``raw`` columns of canonical tables, written by expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.tables.raw import drift

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["json_object"]


def json_object(
    frame: pl.DataFrame,
    *,
    fixed: Sequence[str] = (),
    sparse: Sequence[str] = (),
    nested: Sequence[str] = (),
    file: str,
) -> pl.Series:
    """Write columns of each row as one JSON object; null where it would be empty.

    Args:
        frame: The columns; their names become the keys.
        fixed: Always members, null where the cell is null.
        sparse: Members where they are not null.
        nested: As ``sparse``, but the cell is JSON itself.
        file: Name of the raw file, for the error.

    Raises:
        SourceDriftError: If a column holds bytes, which JSON cannot.
    """
    if odd := [name for name in (*fixed, *sparse) if "Binary" in str(frame.schema[name])]:
        raise drift(f"The columns {', '.join(odd)} hold bytes, not text.", file=file)
    parts = [_members(fixed)] if fixed else []
    for name in (*sparse, *nested):
        if frame[name].null_count() == frame.height:
            continue
        member = pl.format('"{}":{}', pl.lit(name), name) if name in nested else _members([name])
        parts.append(pl.when(pl.col(name).is_not_null()).then(member))
    if not parts:
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True).alias("raw")
    inside = pl.concat_str(parts, separator=",", ignore_nulls=True)
    whole = pl.concat_str(pl.lit("{"), inside, pl.lit("}"))
    return frame.select(pl.when(inside != "").then(whole).alias("raw")).to_series()


def _members(names: Sequence[str]) -> pl.Expr:
    return pl.struct(names).struct.json_encode().str.strip_prefix("{").str.strip_suffix("}")
