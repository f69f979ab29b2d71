"""The units of a recipe: one step on one source, or on all of them at once."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import pydantic

from prefdata.core.errors import RecipeError, UnknownNameError
from prefdata.core.events import Report, silent
from prefdata.core.fingerprint import digest
from prefdata.fetch.cards import card, card_names
from prefdata.protocols.params import nested_params
from prefdata.recipes.inputs import refuse_open_inputs
from prefdata.registry import plugin
from prefdata.runner.outside import Found, find_outside
from prefdata.schema import table_schema

if TYPE_CHECKING:
    from prefdata.catalog import Catalog, CatalogState
    from prefdata.catalog.state import PartitionKey
    from prefdata.protocols import Params, Stage
    from prefdata.recipes import Recipe, Step

__all__ = ["ALL", "Unit", "by_age", "checked", "checked_params", "recipe_sources", "units"]

ALL = "all"
"""Stands for the source where a step works on all of them at once."""
_Model = TypeVar("_Model", bound=pydantic.BaseModel)
_NO_DATE = "9999-99"
# Who writes a recipe writes YAML, and pydantic speaks of Python.
_WORDS = dict.fromkeys(("model_type", "dict_type"), "Input should be a mapping") | dict.fromkeys(
    ("tuple_type", "list_type"), "Input should be a list"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """One step on its sources: what is cached, computed and resumed as a whole."""

    step: Step
    stage: Stage
    sources: tuple[str, ...]
    """One source, or for a stage over the catalog all of them, the oldest first."""
    params: Params
    seed: int
    outside: Found = field(default_factory=Found)
    """What the parameters name outside the tables."""
    later: frozenset[str] = frozenset()
    """Names of the steps that stand behind this one in the recipe."""

    @property
    def source(self) -> str:
        """The source, or `ALL`."""
        return ALL if self.stage.scope == "catalog" else self.sources[0]

    @property
    def name(self) -> str:
        """Name of the unit in lineage and reports."""
        return f"{self.step.name}/{self.source}"

    @property
    def reads(self) -> tuple[str, ...]:
        """The tables that the unit reads under its parameters."""
        return self.params.reads(self.stage.reads)

    @property
    def keys(self) -> list[PartitionKey]:
        """Partitions that the unit writes in derived tables."""
        return [(source, self.step.name) for source in self.sources]

    def partitions(self, table: str, state: CatalogState) -> list[PartitionKey]:
        """Return the partitions of a table that the unit reads, by source.

        What the unit itself wrote before does not count: it is replaced, not read. Nor does what
        later steps of the recipe wrote in an earlier run, which would make a second run differ
        from the first. Of a canonical table, what steps added counts only where the parameters
        name them.
        """
        asked = self.params.outside().steps
        is_shared = table_schema(table).is_shared

        def is_read(key: PartitionKey) -> bool:
            if not key[1:] or key[1] in asked:
                return True
            is_own = table in self.stage.writes and key[1] == self.step.name
            return not (is_own or is_shared or key[1] in self.later)

        keys = sorted(state.table(table).partitions)
        return [key for source in self.sources for key in keys if key[0] == source and is_read(key)]

    def inputs(self, state: CatalogState) -> dict[str, str]:
        """Return the digests of the partitions that the unit reads, by table and partition."""
        return {
            "/".join((table, *key)): state.table(table).partition_digest(key) or ""
            for table in self.reads
            for key in sorted(self.partitions(table, state))
        }

    def fingerprint(self, state: CatalogState) -> str:
        """Return the digest of everything that shapes the unit's output."""
        contracts = [table_schema(table).id for table in self.stage.writes]
        return digest(
            [
                self.stage.name,
                self.stage.version,
                contracts,
                self.params.model_dump(mode="json"),
                list(self.sources),
                self.step.name,
                self.seed,
                self.inputs(state),
                self.outside.digests,
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


def by_age(sources: list[str]) -> tuple[str, ...]:
    """Sort sources by their first publication, the oldest first; those without a card last."""
    known = card_names()
    dates = {name: card(name).published if name in known else None for name in sources}
    return tuple(sorted(sources, key=lambda name: (dates[name] or _NO_DATE, name)))


def units(recipe: Recipe, catalog: Catalog, *, report: Report = silent) -> list[Unit]:
    """Return all units of a recipe in the order they run.

    Raises:
        UnknownNameError: If a stage or a source does not exist.
        RecipeError: If parameters do not fit their stage, or an input has no value.
        PrefdataError: If a file, a model or a snapshot that parameters name cannot be found.
    """
    refuse_open_inputs(recipe)
    sources = recipe_sources(recipe, catalog.head().state)
    found: list[Unit] = []
    before: set[str] = set()
    for number, step in enumerate(recipe.steps, start=1):
        later = frozenset(behind.name for behind in recipe.steps[number:])
        stage: Stage = plugin("stage", step.stage, where=f"recipe {recipe.name!r}")
        where = f"recipe {recipe.name!r}: step {step.name!r}"
        if stage.scope == "catalog" and step.per_source:
            raise RecipeError(
                f"The stage {stage.name} works on all sources at once.",
                where=where,
                fix="Remove `per_source`; `skip_sources` leaves sources out.",
            )
        # All parameters are checked before anything runs, those of absent sources too.
        for given in ({}, *step.per_source.values()):
            checked_params(stage.params, {**step.params, **given}, where=where)
        kept = [source for source in sources if source not in step.skip_sources]
        groups = [by_age(kept)] if stage.scope == "catalog" else [(source,) for source in kept]
        for group in filter(None, groups):
            given = {**step.params, **step.per_source.get(group[0], {})}
            params = checked_params(stage.params, given, where=where)
            _check_steps(params, before, catalog, where=where)
            outside = find_outside(params, catalog, report)
            found.append(Unit(step, stage, group, params, recipe.seed, outside, later))
        before.add(step.name)
    return found


def _check_steps(params: Params, before: set[str], catalog: Catalog, *, where: str) -> None:
    """Refuse the name of a step that neither stands before in the recipe nor ever ran.

    A step that ran may have written nothing, so it is looked up in the lineage.
    """
    unknown = [step for step in params.outside().steps if step not in before]
    if not unknown:
        return
    named = catalog.scan("run_steps").select("step").unique().collect()["step"]
    known = before | {name.partition("/")[0] for name in named}
    for step in unknown:
        if step not in known:
            raise UnknownNameError("step", step, known=known, where=where)


def checked_params(model: type[Params], values: dict[str, Any], *, where: str) -> Params:
    """Check parameters against their model.

    Raises:
        RecipeError: If they do not fit; the error names the parameter.
    """
    return checked(model, values, where=where)


def checked(model: type[_Model], values: dict[str, Any], *, where: str) -> _Model:
    """Check values against their model.

    Raises:
        RecipeError: If they do not fit; the error names the first that does not.
    """
    try:
        return model.model_validate(values)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = _dotted(first["loc"]) or "params"
        said = _WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
        fix = _fix(model, first["type"], first["loc"])
        raise RecipeError(f"{place}: {said}.", where=where, fix=fix) from error


def _fix(model: type[pydantic.BaseModel], kind: str, loc: tuple[int | str, ...]) -> str:
    """Return the parameters that may stand where an error is, the nearest one before them."""
    # A name that is too many or missing is of the model around it; a value may be a model itself.
    is_name = kind in ("extra_forbidden", "missing")
    inner, depth = _innermost(model, loc[:-1] if is_name else loc)
    if not depth and len(loc) > 1:
        return f"Correct what stands inside `{loc[0]}`; the documentation shows its form."
    name = str(loc[depth]) if depth < len(loc) else ""
    near = difflib.get_close_matches(name, inner.model_fields, n=1)
    hint = f"Did you mean {near[0]!r}? " if near and near[0] != name else ""
    of = f" of `{_dotted(loc[:depth])}`" if depth else ""
    return f"{hint}Parameters{of}: {', '.join(inner.model_fields) or 'none'}."


def _innermost(
    model: type[pydantic.BaseModel], loc: tuple[int | str, ...]
) -> tuple[type[pydantic.BaseModel], int]:
    """Return the innermost model on the way to a place, and how many parts lead to it."""
    depth = 0
    for i, part in enumerate(loc, start=1):
        # A number counts the items of a list whose model is known already.
        if isinstance(part, str):
            field = model.model_fields.get(part)
            inner = nested_params(field.annotation) if field else None
            if inner is None:
                break
            model = inner
        elif not depth:
            break
        depth = i
    return model, depth


def _dotted(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc)
