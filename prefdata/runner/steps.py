"""One unit of a recipe at work: its tables read, its output checked and staged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.catalog.scan import scan_keys
from prefdata.core.errors import DataError, InternalError
from prefdata.core.events import Note
from prefdata.displacement.store import ScoreStore
from prefdata.protocols import Context, StageResult
from prefdata.runner.results import StepResult
from prefdata.schema import check, conform, table_schema
from prefdata.vectors.store import VectorStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.catalog import Catalog
    from prefdata.catalog.state import PartitionKey
    from prefdata.catalog.write import Write
    from prefdata.core.events import Report
    from prefdata.protocols import Chat
    from prefdata.runner.units import Unit

__all__ = ["execute"]

_SLICE_ROWS = 100_000


def execute(
    unit: Unit, catalog: Catalog, write: Write, report: Report, *, chat: Chat
) -> StepResult:
    """Run one unit on the state of a write and stage its output there.

    Args:
        unit: What to run.
        catalog: The catalog.
        write: The write whose state is read, and that takes the output.
        report: Where to tell progress.
        chat: Where answers of chat models come from.

    Raises:
        DataError: If the stage breaks the contract of a table.
        InternalError: If its ledger does not add up.
    """
    result = unit.stage.run(
        _frames(unit, catalog, write),
        unit.params,
        _context(unit, catalog, report, chat),
    )
    rejects = result.rejects
    n_rejected = 0 if rejects is None else rejects.height
    _check_ledger(unit, result, n_rejected)
    places: list[tuple[str, PartitionKey]] = []
    for table in (*unit.stage.writes, "rejects"):
        frame = rejects if table == "rejects" else result.tables.get(table)
        for key in unit.keys:
            write.replace(table, key)
            places.append((table, key))
        if frame is not None and frame.height:
            for key, part in _by_source(unit, table, _checked(unit, table, frame)):
                _put(write, table, key, part)
    for note in result.notes:
        report(Note(f"{unit.name}: {note}"))
    reasons = {} if rejects is None else dict(sorted(rejects["rule"].value_counts().iter_rows()))
    return StepResult(
        outputs={place: write.finish(*place) for place in places},
        rows_in=result.rows_in,
        rows_out=result.rows_out,
        rejected=n_rejected,
        reasons=reasons,
        notes=result.notes,
    )


def _frames(unit: Unit, catalog: Catalog, write: Write) -> dict[str, pl.LazyFrame]:
    """Return what the stage reads: the partitions that make up its inputs, in their order."""
    state = write.state()
    return {
        table: scan_keys(catalog.workspace, state, table, unit.partitions(table, state))
        for table in unit.reads
    }


def _context(unit: Unit, catalog: Catalog, report: Report, chat: Chat) -> Context:
    def at(ref: str, table: str) -> pl.LazyFrame:
        return catalog.scan(table, at=catalog.snapshot(ref))

    scratch = catalog.workspace.scratch
    scratch.mkdir(parents=True, exist_ok=True)
    is_one = unit.stage.scope == "source"
    return Context(
        seed=unit.seed,
        report=report,
        scratch=scratch,
        source=unit.source if is_one else "",
        step=unit.step.name,
        sources=unit.sources,
        vectors=VectorStore(catalog, report),
        scorer=ScoreStore(catalog, report),
        chat=chat,
        files=unit.outside.files,
        at=at,
    )


def _check_ledger(unit: Unit, result: StageResult, n_rejected: int) -> None:
    unknown = set(result.tables) - set(unit.stage.writes)
    if unknown or result.rows_in != result.rows_out + n_rejected:
        raise InternalError(
            f"The stage {unit.stage.name} does not account for its rows: {result.rows_in} in, "
            f"{result.rows_out} out, {n_rejected} rejected; undeclared tables: {sorted(unknown)}.",
            where=unit.name,
            fix="Please report this to the author of the stage.",
        )


def _checked(unit: Unit, table: str, frame: pl.DataFrame) -> pl.DataFrame:
    schema = table_schema(table)
    full = frame.with_columns(stage=pl.lit(unit.step.name))
    if unit.stage.scope == "source":
        full = full.with_columns(source=pl.lit(unit.source))
    full = conform(full, schema)
    checked = check(full, schema)
    if checked.rejects.height:
        rules = checked.rejects["rule"].explode().value_counts().sort("rule")
        broken = ", ".join(f"{rule} ({count} rows)" for rule, count in rules.iter_rows())
        raise DataError(
            f"The stage {unit.stage.name} wrote rows to {table} that break its rules: {broken}.",
            where=schema.id,
            fix="Please report this to the author of the stage.",
        )
    return full


def _by_source(
    unit: Unit, table: str, frame: pl.DataFrame
) -> Iterator[tuple[PartitionKey, pl.DataFrame]]:
    """Part the rows of a table by source, in their order.

    Raises:
        InternalError: If a row is of a source that the stage was not given.
    """
    if unit.stage.scope == "source":
        yield unit.keys[0], frame
        return
    parts = frame.partition_by("source", as_dict=True, maintain_order=True)
    for (source,), part in parts.items():
        if source not in unit.sources:
            raise InternalError(
                f"The stage {unit.stage.name} wrote rows of a source that it was not given.",
                where=f"{table}: {source!r}",
                fix="Please report this to the author of the stage.",
            )
        yield (source, unit.step.name), part


def _put(write: Write, table: str, key: PartitionKey, frame: pl.DataFrame) -> None:
    for part in frame.iter_slices(_SLICE_ROWS):
        write.put(table, key, part)
