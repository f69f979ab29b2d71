"""What a run would do, before it does anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.catalog.state import CatalogState, TableState
from prefdata.runner.results import StepResults
from prefdata.runner.units import units

if TYPE_CHECKING:
    from prefdata.catalog import Catalog
    from prefdata.recipes import Recipe
    from prefdata.runner.results import StepResult

__all__ = ["PlannedStep", "plan"]


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step on one source, or on all of them at once."""

    step: str
    stage: str
    source: str
    rows: int
    """Rows of the first table that the stage reads."""
    status: str
    """``cached``, ``run``, or ``after`` (its input is not known before earlier steps ran)."""
    fingerprint: str | None


def plan(catalog: Catalog, recipe: Recipe) -> list[PlannedStep]:
    """Return the steps of a recipe, with what is already there.

    Raises:
        UnknownNameError: If a stage or a source does not exist.
        RecipeError: If parameters do not fit their stage.
    """
    results = StepResults(catalog.workspace)
    state = catalog.head().state
    unknown: set[tuple[str, str]] = set()
    steps: list[PlannedStep] = []
    for unit in units(recipe, catalog):
        waits = any((t, source) in unknown for t in unit.reads for source in unit.sources)
        fingerprint = None if waits else unit.fingerprint(state)
        result = results.get(fingerprint) if fingerprint else None
        if result is None:
            unknown |= {(t, source) for t in unit.stage.writes for source in unit.sources}
        else:
            state = _with(state, result)
        first = state.table(unit.reads[0]).partitions
        steps.append(
            PlannedStep(
                step=unit.step.name,
                stage=unit.stage.name,
                source=unit.source,
                rows=sum(f.rows for key, fs in first.items() if key[0] in unit.sources for f in fs),
                status="cached" if result else "after" if waits else "run",
                fingerprint=fingerprint,
            )
        )
    return steps


def _with(state: CatalogState, result: StepResult) -> CatalogState:
    tables = dict(state.tables)
    for (table, key), entries in result.outputs.items():
        before = tables.get(table) or TableState("")
        partitions = {**before.partitions, key: entries}
        tables[table] = TableState(
            before.metadata, {k: files for k, files in partitions.items() if files}
        )
    return CatalogState(tables)
