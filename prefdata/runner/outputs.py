"""What a stage wrote, held against its word: its ledger, its tables and their contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import DataError, InternalError
from prefdata.schema import check, conform, table_schema

if TYPE_CHECKING:
    from prefdata.protocols import Stage, StageResult

__all__ = ["check_ledger", "checked_rows"]


def check_ledger(stage: Stage, result: StageResult, *, where: str) -> None:
    """Refuse a result that loses rows or writes where its stage may not.

    Args:
        stage: The stage.
        result: What it returned.
        where: The unit, for the error.

    Raises:
        InternalError: If rows in are not rows out and rejects, or a table is not declared.
    """
    n_rejected = 0 if result.rejects is None else result.rejects.height
    unknown = set(result.tables) - set(stage.writes)
    if unknown or result.rows_in != result.rows_out + n_rejected:
        raise InternalError(
            f"The stage {stage.name} does not account for its rows: {result.rows_in} in, "
            f"{result.rows_out} out, {n_rejected} rejected; undeclared tables: {sorted(unknown)}.",
            where=where,
            fix="Please report this to the author of the stage.",
        )


def checked_rows(
    stage: Stage, table: str, frame: pl.DataFrame, *, step: str, source: str
) -> pl.DataFrame:
    """Return rows of a table with all its columns, its step and its source.

    Args:
        stage: Who wrote them.
        table: Where they go.
        frame: The rows, without the columns that the runner fills.
        step: Name of the step.
        source: The source, for a stage that is called for each; others fill it themselves.

    Raises:
        DataError: If the rows break a rule of the table.
        SchemaMismatchError: If a column is missing, unknown, or of another type.
    """
    schema = table_schema(table)
    full = frame.with_columns(stage=pl.lit(step))
    if stage.scope == "source":
        full = full.with_columns(source=pl.lit(source))
    full = conform(full, schema)
    checked = check(full, schema)
    if checked.rejects.height:
        rules = checked.rejects["rule"].explode().value_counts().sort("rule")
        broken = ", ".join(f"{rule} ({count} rows)" for rule, count in rules.iter_rows())
        raise DataError(
            f"The stage {stage.name} wrote rows to {table} that break its rules: {broken}.",
            where=schema.id,
            fix="Please report this to the author of the stage.",
        )
    return full
