"""Execute a recipe: skip what is done, run what is not, commit all of it at once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from prefdata.chat.store import ChatStore
from prefdata.core.errors import RejectsError
from prefdata.core.events import Committed, Note, Report, StepFinished, StepStarted, silent
from prefdata.core.fingerprint import canonical_json, digest
from prefdata.protocols import LOCAL
from prefdata.runner.export import (
    ExportResult,
    PendingExport,
    export_request,
    prepare_export,
)
from prefdata.runner.lineage import RunRecord
from prefdata.runner.report import PendingReport, ReportResult, check_reports, prepare_report
from prefdata.runner.results import StepResult, StepResults
from prefdata.runner.steps import execute
from prefdata.runner.units import Unit, units

if TYPE_CHECKING:
    from prefdata.catalog import Catalog, Snapshot
    from prefdata.catalog.write import Write
    from prefdata.protocols import Chat, Engine
    from prefdata.recipes import ExportStep, Recipe

__all__ = ["RunOptions", "RunResult", "StepSummary", "run", "undecided"]


class RunOptions(TypedDict, total=False):
    """Options of `run`, as its arguments."""

    max_rejects: float | None
    is_forced: bool


@dataclass(frozen=True, slots=True)
class StepSummary:
    """What one step did on one source; ``rows_in = rows_out + rejected``."""

    step: str
    stage: str
    source: str
    rows_in: int
    rows_out: int
    rejected: int
    reasons: dict[str, int]
    is_cached: bool
    seconds: float
    notes: tuple[str, ...] = ()
    """What the user should know of the result; what must not be missed begins with WARNING."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did."""

    run_id: str
    snapshot: Snapshot
    steps: list[StepSummary]
    exports: list[ExportResult]
    reports: list[ReportResult]
    seconds: float


def run(
    catalog: Catalog,
    recipe: Recipe,
    *,
    max_rejects: float | None = None,
    is_forced: bool = False,
    engine: Engine = LOCAL,
    report: Report = silent,
) -> RunResult:
    """Run a recipe on the newest snapshot.

    A killed run changed nothing that a reader sees; run again, it takes up at the first step that
    was not finished.

    Args:
        catalog: The catalog to read and write.
        recipe: What to do.
        max_rejects: Greatest share (0 to 1) of rows that a step may reject.
        is_forced: Run every step although its result is known.
        engine: Where heavy work is done; what comes out is the same.
        report: Where to tell progress.

    Raises:
        RecipeError: If the recipe does not fit the catalog.
        RejectsError: If a step rejected more than allowed; nothing is committed.
        ConflictError: If somebody changed what was read meanwhile.
    """
    started = time.perf_counter()
    base = catalog.head()
    recipe_json = canonical_json(recipe.model_dump(mode="json"))
    record = RunRecord(
        command="run",
        recipe=recipe.name,
        recipe_digest=digest(recipe.model_dump(mode="json")),
        recipe_json=recipe_json,
        seed=recipe.seed,
        base_snapshot=base.name,
    )
    # One chat store for all steps: weights in this process are loaded once.
    around = _Around(
        StepResults(catalog.workspace), ChatStore(catalog, report, engine=engine), engine, report
    )
    check_reports(recipe, catalog.workspace.root)
    todo = units(recipe, catalog, report=report)
    with catalog.write() as write:
        steps = [_step(unit, catalog, write, record, around, is_forced=is_forced) for unit in todo]
        _refuse_too_many(steps, max_rejects)
        exports: list[PendingExport] = []
        reports: list[PendingReport] = []
        try:
            for i in range(len(recipe.exports)):
                exports.append(_export(catalog, write, recipe, i, record, report))  # noqa: PERF401
            for i in range(len(recipe.reports)):
                reports.append(_report(catalog, write, recipe, i, record, report))  # noqa: PERF401
            record.write(write)
            snapshot = write.commit(f"run {recipe.name}", run_id=record.run_id)
        except BaseException:
            for files in (*(e.files for e in exports), *(r.files for r in reports)):
                files.discard()
            raise
    exported = [item.publish() for item in exports]
    reported = [item.publish() for item in reports]
    report(Committed(snapshot.name, record.run_id))
    seconds = time.perf_counter() - started
    return RunResult(record.run_id, snapshot, steps, exported, reported, seconds)


@dataclass(frozen=True, slots=True)
class _Around:
    """What all steps of a run share."""

    results: StepResults
    chat: Chat
    engine: Engine
    report: Report


def _step(
    unit: Unit,
    catalog: Catalog,
    write: Write,
    record: RunRecord,
    around: _Around,
    *,
    is_forced: bool,
) -> StepSummary:
    started = time.perf_counter()
    name = unit.name
    state = write.state()
    inputs = unit.inputs(state)
    fingerprint = unit.fingerprint(state)
    for place in inputs:
        table, *key = place.split("/")
        write.read(table, tuple(key))
    result = None if is_forced else around.results.get(fingerprint)
    is_cached = result is not None
    if result is None:
        around.report(StepStarted(name, unit.stage.name))
        result = execute(
            unit, catalog, write, around.report, chat=around.chat, engine=around.engine
        )
        around.results.put(fingerprint, result)
    else:
        for (table, part), entries in result.outputs.items():
            write.adopt(table, part, entries)
        for note in result.notes:
            around.report(Note(f"{name}: {note}"))
    seconds = time.perf_counter() - started
    record.step(
        step=name,
        stage=unit.stage.name,
        version=unit.stage.version,
        params=unit.params.model_dump(mode="json"),
        fingerprint=fingerprint,
        inputs=inputs,
        result=result,
        is_cached=is_cached,
        seconds=seconds,
    )
    return _summary(unit, name, result, around.report, is_cached=is_cached, seconds=seconds)


def _summary(
    unit: Unit, name: str, result: StepResult, report: Report, *, is_cached: bool, seconds: float
) -> StepSummary:
    report(
        StepFinished(
            step=name,
            stage=unit.stage.name,
            rows_in=result.rows_in,
            rows_out=result.rows_out,
            rejected=result.rejected,
            seconds=seconds,
            is_cached=is_cached,
            reasons=result.reasons,
        )
    )
    return StepSummary(
        step=unit.step.name,
        stage=unit.stage.name,
        source=unit.source,
        rows_in=result.rows_in,
        rows_out=result.rows_out,
        rejected=result.rejected,
        reasons=result.reasons,
        is_cached=is_cached,
        seconds=seconds,
        notes=result.notes,
    )


def _refuse_too_many(steps: list[StepSummary], max_rejects: float | None) -> None:
    for step in steps:
        if max_rejects is not None and step.rejected > max_rejects * step.rows_in:
            rules = ", ".join(f"{rule}: {count}" for rule, count in step.reasons.items())
            raise RejectsError(
                f"{step.step} rejected {step.rejected} of {step.rows_in} rows of {step.source}, "
                f"more than {max_rejects:g} allow.",
                where=rules,
                fix="Run without --max-rejects and look: prefdata sql 'FROM reject_summary'. "
                "Nothing was committed.",
            )


def _export(
    catalog: Catalog, write: Write, recipe: Recipe, index: int, record: RunRecord, report: Report
) -> PendingExport:
    asked = recipe.exports[index]
    started = time.perf_counter()
    step = f"export:{asked.to}"
    report(StepStarted(step, asked.exporter))
    workspace, state = catalog.workspace, write.state()
    root = workspace.root
    pending = prepare_export(
        workspace,
        state,
        export_request(workspace, state, asked, sources=recipe.sources, root=root),
        to=root / asked.to,
        where=f"recipe {recipe.name!r}: export {asked.to!r}",
    )
    seconds = time.perf_counter() - started
    written = pending.written
    record.written(
        step=step,
        by=f"export:{asked.exporter}",
        version=pending.version,
        # What the recipe asked for besides stands in it; the record of the run has the recipe.
        params=asked.params,
        files=pending.files.digests,
        rows=written.rows,
        rows_in=written.selected,
        seconds=seconds,
    )
    out = written.selected - written.rows
    report(
        StepFinished(
            step,
            asked.exporter,
            written.selected,
            written.rows,
            out,
            seconds,
            reasons=written.left_out,
        )
    )
    if deciders := undecided(recipe, asked):
        report(
            Note(
                f"{step}: has every pair, also those that {deciders[0]} left out; to heed it: "
                f"decisions: {deciders[0]}"
            )
        )
    return pending


def undecided(recipe: Recipe, export: ExportStep) -> list[str]:
    """Return the steps of a recipe whose decisions an export of the same pairs does not heed."""
    if export.decisions is not None:
        return []
    return [
        step.name
        for step in recipe.steps
        if step.stage == "select-pairs" and step.params.get("pairs", "make-pairs") == export.pairs
    ]


def _report(
    catalog: Catalog, write: Write, recipe: Recipe, index: int, record: RunRecord, report: Report
) -> PendingReport:
    asked = recipe.reports[index]
    started = time.perf_counter()
    step = f"report:{asked.to}"
    report(StepStarted(step, asked.of))
    pending = prepare_report(
        catalog.workspace,
        write.state(),
        report=asked.of,
        to=catalog.workspace.root / asked.to,
        sources=recipe.sources,
        params=asked.params,
        where=f"recipe {recipe.name!r}: report {asked.to!r}",
        steps=[step.name for step in recipe.steps],
    )
    seconds = time.perf_counter() - started
    record.written(
        step=step,
        by=f"report:{asked.of}",
        version=pending.version,
        params=asked.params,
        files=pending.files.digests,
        rows=pending.rows,
        seconds=seconds,
    )
    report(StepFinished(step, asked.of, pending.rows, pending.rows, 0, seconds))
    return pending
