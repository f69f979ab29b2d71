"""One step of a recipe on one source: its parameters, its fingerprint, its work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pydantic

from prefdata.catalog.scan import scan
from prefdata.core.errors import DataError, InternalError, RecipeError, UnknownNameError
from prefdata.core.fingerprint import digest
from prefdata.protocols import Context, Params, Stage, StageResult
from prefdata.registry import plugin
from prefdata.runner.results import StepResult
from prefdata.schema import check, conform, table_schema

if TYPE_CHECKING:
    from prefdata.catalog import CatalogState, Workspace
    from prefdata.catalog.state import PartitionKey
    from prefdata.catalog.write import Write
    from prefdata.core.events import Report
    from prefdata.recipes import Recipe, Step

__all__ = ["Unit", "checked_params", "execute", "recipe_sources", "units"]

_SLICE_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Unit:
    """One step on one source: what is cached, computed and resumed as a whole."""

    step: Step
    stage: Stage
    source: str
    params: Params
    seed: int

    @property
    def key(self) -> PartitionKey:
        """Partition that the unit writes in derived tables."""
        return (self.source, self.step.name)

    def inputs(self, state: CatalogState) -> dict[str, str]:
        """Return the digests of the partitions that the unit reads, by table and partition.

        What the unit itself wrote before does not count: it is replaced, not read.
        """
        found: dict[str, str] = {}
        for table in self.stage.reads:
            for key in sorted(state.table(table).partitions):
                is_own = table in self.stage.writes and key == self.key
                if key[:1] == (self.source,) and not is_own:
                    found["/".join((table, *key))] = state.table(table).partition_digest(key) or ""
        return found

    def fingerprint(self, state: CatalogState) -> str:
        """Return the digest of everything that shapes the unit's output."""
        contracts = [table_schema(table).id for table in self.stage.writes]
        return digest(
            [
                self.stage.name,
                self.stage.version,
                contracts,
                self.params.model_dump(mode="json"),
                self.source,
                self.step.name,
                self.seed,
                self.inputs(state),
            ]
        )


def recipe_sources(recipe: Recipe, state: CatalogState) -> list[str]:
    """Return the sources that a recipe works on.

    Raises:
        UnknownNameError: If the recipe names one that the catalog does not hold.
        RecipeError: If the catalog is empty.
    """
    present = state.sources()
    for name in recipe.sources or ():
        if name not in present:
            raise UnknownNameError("source in the catalog", name, known=present, where=recipe.name)
    if not present:
        raise RecipeError(
            "The catalog holds no source.",
            where=f"recipe {recipe.name!r}",
            fix="Ingest one first: prefdata ingest SOURCE --from PATH",
        )
    return list(recipe.sources) if recipe.sources is not None else present


def units(recipe: Recipe, state: CatalogState) -> list[Unit]:
    """Return all units of a recipe in the order they run.

    Raises:
        UnknownNameError: If a stage or a source does not exist.
        RecipeError: If parameters do not fit their stage.
    """
    sources = recipe_sources(recipe, state)
    found: list[Unit] = []
    for step in recipe.steps:
        stage: Stage = plugin("stage", step.stage, where=f"recipe {recipe.name!r}")
        where = f"recipe {recipe.name!r}: step {step.name!r}"
        # All parameters are checked before anything runs, those of absent sources too.
        for given in ({}, *step.per_source.values()):
            checked_params(stage.params, {**step.params, **given}, where=where)
        found += [
            Unit(
                step=step,
                stage=stage,
                source=source,
                params=checked_params(
                    stage.params, {**step.params, **step.per_source.get(source, {})}, where=where
                ),
                seed=recipe.seed,
            )
            for source in sources
            if source not in step.skip_sources
        ]
    return found


def checked_params(model: type[Params], values: dict[str, Any], *, where: str) -> Params:
    """Check parameters against their model.

    Raises:
        RecipeError: If they do not fit; the error names the parameter.
    """
    try:
        return model.model_validate(values)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "params"
        known = ", ".join(model.model_fields) or "none"
        raise RecipeError(
            f"{place}: {first['msg']}.", where=where, fix=f"Parameters: {known}."
        ) from error


def execute(unit: Unit, workspace: Workspace, write: Write, report: Report) -> StepResult:
    """Run one unit on the state of a write and stage its output there.

    Raises:
        DataError: If the stage breaks the contract of a table.
        InternalError: If its ledger does not add up.
    """
    state = write.state()
    frames = {t: scan(workspace, state, t, (unit.source,)) for t in unit.stage.reads}
    own = unit.key
    for table in unit.stage.reads:
        if table in unit.stage.writes:
            frames[table] = frames[table].filter(pl.col("stage") != unit.step.name)
    context = Context(
        seed=unit.seed,
        report=report,
        scratch=workspace.scratch,
        source=unit.source,
        step=unit.step.name,
    )
    result = unit.stage.run(frames, unit.params, context)
    rejects = result.rejects
    n_rejected = 0 if rejects is None else rejects.height
    _check_ledger(unit, result, n_rejected)
    outputs: list[tuple[str, PartitionKey]] = []
    for table in unit.stage.writes:
        frame = result.tables.get(table)
        write.replace(table, own)
        outputs.append((table, own))
        if frame is not None and frame.height:
            _put(write, table, own, _checked(unit, table, frame))
    write.replace("rejects", own)
    outputs.append(("rejects", own))
    reasons: dict[str, int] = {}
    if rejects is not None and rejects.height:
        _put(write, "rejects", own, _checked(unit, "rejects", rejects))
        reasons = dict(sorted(rejects["rule"].value_counts().iter_rows()))
    return StepResult(
        outputs={place: write.finish(*place) for place in outputs},
        rows_in=result.rows_in,
        rows_out=result.rows_out,
        rejected=n_rejected,
        reasons=reasons,
    )


def _check_ledger(unit: Unit, result: StageResult, n_rejected: int) -> None:
    unknown = set(result.tables) - set(unit.stage.writes)
    if unknown or result.rows_in != result.rows_out + n_rejected:
        raise InternalError(
            f"The stage {unit.stage.name} does not account for its rows: {result.rows_in} in, "
            f"{result.rows_out} out, {n_rejected} rejected; undeclared tables: {sorted(unknown)}.",
            where=f"source {unit.source!r}",
            fix="Please report this to the author of the stage.",
        )


def _checked(unit: Unit, table: str, frame: pl.DataFrame) -> pl.DataFrame:
    schema = table_schema(table)
    full = frame.with_columns(source=pl.lit(unit.source), stage=pl.lit(unit.step.name))
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


def _put(write: Write, table: str, key: PartitionKey, frame: pl.DataFrame) -> None:
    for part in frame.iter_slices(_SLICE_ROWS):
        write.put(table, key, part)
