"""What a stage wrote is refused if it breaks its word; `test_steps.py` shows it within a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.errors import DataError, InternalError, SchemaMismatchError
from prefdata.protocols import Stage, StageResult, stage
from prefdata.runner.outputs import check_ledger, checked_rows
from prefdata.schema import polars_schema, table_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

_FLAGS = pl.DataFrame({"id": ["x"], "subject": ["prompts"], "flag": ["odd"], "reason": ["why"]})


def _toy(scope: Any = "source") -> Stage:
    @stage(version=1, reads=("prompts",), writes=("flags",), scope=scope)
    def toy(tables: Mapping[str, pl.LazyFrame], params: Any, context: Any) -> StageResult:
        """Write nothing."""
        del tables, params, context
        return StageResult({}, 0, 0)

    return toy


def test_rows_in_are_rows_out_and_rejects() -> None:
    rejects = pl.DataFrame({"id": ["a"]})
    check_ledger(_toy(), StageResult({}, 3, 2, rejects), where="toy/a")
    with pytest.raises(InternalError, match="3 in, 3 out, 1 rejected"):
        check_ledger(_toy(), StageResult({}, 3, 3, rejects), where="toy/a")


def test_a_table_that_was_not_declared_is_refused() -> None:
    with pytest.raises(InternalError, match=r"undeclared tables: \['pairs'\]"):
        check_ledger(_toy(), StageResult({"pairs": _FLAGS}, 0, 0), where="toy/a")


def test_the_step_and_the_source_are_filled() -> None:
    rows = checked_rows(_toy(), "flags", _FLAGS, step="again", source="a")
    assert rows.schema == polars_schema(table_schema("flags"))
    assert rows.select("source", "stage").row(0) == ("a", "again")
    named = _FLAGS.with_columns(source=pl.lit("b"))
    assert (
        checked_rows(_toy("catalog"), "flags", named, step="s", source="")["source"].item() == "b"
    )


def test_rows_that_break_the_table_are_refused() -> None:
    odd = _FLAGS.with_columns(subject=pl.lit("planets"))
    with pytest.raises(DataError, match=r"enum:subject \(1 rows\)"):
        checked_rows(_toy(), "flags", odd, step="s", source="a")
    with pytest.raises(SchemaMismatchError):
        checked_rows(_toy(), "flags", _FLAGS.drop("flag"), step="s", source="a")
