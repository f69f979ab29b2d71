"""One unit of a recipe at work: its tables read, its output checked and staged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prefdata.catalog.scan import scan_keys
from prefdata.core.errors import InternalError
from prefdata.core.events import Note, Progress
from prefdata.displacement.store import ScoreStore
from prefdata.protocols import LOCAL, Context, StageResult
from prefdata.registry import plugin
from prefdata.runner.outputs import check_ledger, checked_rows
from prefdata.runner.parts import PART_PROMPTS, cut
from prefdata.runner.results import StepResult
from prefdata.vectors.store import VectorStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from prefdata.catalog import Catalog
    from prefdata.catalog.state import PartitionKey
    from prefdata.catalog.write import Write
    from prefdata.core.events import Report
    from prefdata.protocols import Chat, Engine, Params, Stage
    from prefdata.runner.parts import Part
    from prefdata.runner.units import Unit

__all__ = ["PartWork", "execute"]

_SLICE_ROWS = 100_000


def execute(
    unit: Unit,
    catalog: Catalog,
    write: Write,
    report: Report,
    *,
    chat: Chat,
    engine: Engine = LOCAL,
) -> StepResult:
    """Run one unit on the state of a write and stage its output there.

    Args:
        unit: What to run.
        catalog: The catalog.
        write: The write whose state is read, and that takes the output.
        report: Where to tell progress.
        chat: Where answers of chat models come from.
        engine: Where heavy work is done.

    Raises:
        DataError: If the stage breaks the contract of a table.
        InternalError: If its ledger does not add up.
    """
    places = [(table, key) for table in (*unit.stage.writes, "rejects") for key in unit.keys]
    for place in places:
        write.replace(*place)
    total = _Total()
    for result in _results(unit, catalog, write, report, chat, engine):
        _put_result(unit, write, result)
        total.add(result)
        if len(total.told) > 1:
            report(Progress(unit.name, total.rows_in))
    notes = unit.stage.notes(total.told, unit.params)
    for note in notes:
        report(Note(f"{unit.name}: {note}"))
    return StepResult(
        outputs={place: write.finish(*place) for place in places},
        rows_in=total.rows_in,
        rows_out=total.rows_out,
        rejected=total.rows_in - total.rows_out,
        reasons=dict(sorted(total.reasons.items())),
        notes=notes,
    )


class _Total:
    """What the parts of a unit did together."""

    def __init__(self) -> None:
        self.rows_in = self.rows_out = 0
        self.reasons: Counter[str] = Counter()
        self.told: list[StageResult] = []

    def add(self, result: StageResult) -> None:
        self.rows_in += result.rows_in
        self.rows_out += result.rows_out
        if result.rejects is not None:
            self.reasons.update(dict(result.rejects["rule"].value_counts().iter_rows()))
        # Without its rows, which are written by now.
        self.told.append(replace(result, tables={}, rejects=None))


def _results(
    unit: Unit, catalog: Catalog, write: Write, report: Report, chat: Chat, engine: Engine
) -> Iterator[StageResult]:
    """Yield what the stage makes of all rows at once, or of each part of them in turn."""
    state = write.state()
    if unit.stage.scope == "source" and unit.stage.is_parted(unit.params):
        tables = {table: tuple(unit.partitions(table, state)) for table in unit.reads}
        prompts = ((unit.source,),)
        parts = cut(catalog.workspace, state, tables, prompts, size=PART_PROMPTS)
        worker = PartWork(
            unit.stage.name,
            unit.params,
            Context(
                seed=unit.seed,
                source=unit.source,
                step=unit.step.name,
                sources=unit.sources,
                files=unit.outside.files,
            ),
        )
        yield from engine.map(worker, parts, label=unit.name)
        return
    yield unit.stage.run(
        _frames(unit, catalog, write), unit.params, _context(unit, catalog, report, chat, engine)
    )


@dataclass(frozen=True, slots=True)
class PartWork:
    """Makes the function that runs a stage on a part, here or on a worker."""

    stage: str
    params: Params
    context: Context

    def __call__(self) -> Callable[[Part], StageResult]:
        """Return the function."""
        found: Stage = plugin("stage", self.stage)
        return lambda part: found.run(part.frames(), self.params, self.context)


def _put_result(unit: Unit, write: Write, result: StageResult) -> None:
    """Check what the stage wrote, and stage it."""
    check_ledger(unit.stage, result, where=unit.name)
    for table in (*unit.stage.writes, "rejects"):
        frame = result.rejects if table == "rejects" else result.tables.get(table)
        if frame is not None and frame.height:
            rows = checked_rows(unit.stage, table, frame, step=unit.step.name, source=unit.source)
            for key, part in _by_source(unit, table, rows):
                _put(write, table, key, part)


def _frames(unit: Unit, catalog: Catalog, write: Write) -> dict[str, pl.LazyFrame]:
    """Return what the stage reads: the partitions that make up its inputs, in their order."""
    state = write.state()
    return {
        table: scan_keys(catalog.workspace, state, table, unit.partitions(table, state))
        for table in unit.reads
    }


def _context(unit: Unit, catalog: Catalog, report: Report, chat: Chat, engine: Engine) -> Context:
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
        vectors=VectorStore(catalog, report, engine=engine),
        scorer=ScoreStore(catalog, report, engine=engine),
        chat=chat,
        engine=engine,
        files=unit.outside.files,
        at=at,
    )


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
