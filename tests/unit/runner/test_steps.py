"""A unit is named by all that shapes its output, and must keep its word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.core.errors import DataError, InternalError, RecipeError, UnknownNameError
from prefdata.protocols import Context, NoParams, Stage, StageResult, stage
from prefdata.recipes import Recipe
from prefdata.runner import run
from prefdata.runner.steps import recipe_sources, units

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

Add = Callable[[str, object], None]
Put = Callable[..., None]


def _recipe(*steps: object, **more: object) -> Recipe:
    return Recipe.model_validate({"name": "r", "steps": list(steps), **more})


def _flagging(frame: pl.DataFrame, rows_in: int, rows_out: int) -> Stage:
    @stage(version=1, reads=("prompts",), writes=("flags",))
    def toy(tables: Mapping[str, pl.LazyFrame], params: NoParams, context: Context) -> StageResult:
        """Write what the test wants."""
        del tables, params, context
        return StageResult(tables={"flags": frame}, rows_in=rows_in, rows_out=rows_out)

    return toy


def test_the_fingerprint_follows_rows_parameters_seed_and_step(catalog: Catalog, put: Put) -> None:
    put("a", 3)
    state = catalog.head().state
    variants = [
        _recipe("make-pairs"),
        _recipe({"stage": "make-pairs", "params": {"tie_band": 3}}),
        _recipe({"stage": "make-pairs", "name": "other"}),
        _recipe("make-pairs", seed=1),
    ]
    prints = {units(recipe, state)[0].fingerprint(state) for recipe in variants}
    assert len(prints) == 4
    assert units(variants[0], state)[0].fingerprint(state) in prints
    put("a", 4)
    later = catalog.head().state
    assert units(variants[0], later)[0].fingerprint(later) not in prints


def test_parameters_may_differ_by_source_and_sources_may_be_left_out(
    catalog: Catalog, put: Put
) -> None:
    for name in ("a", "b", "c"):
        put(name, 2)
    step = {"stage": "make-pairs", "per_source": {"b": {"tie_band": 2}}, "skip_sources": ["c"]}
    found = units(_recipe(step), catalog.head().state)
    assert [(u.source, u.params.model_dump()["tie_band"]) for u in found] == [("a", 0), ("b", 2)]


def test_wrong_parameters_are_told_before_anything_runs(catalog: Catalog, put: Put) -> None:
    put("a", 2)
    steps = ["flag-quality", {"stage": "make-pairs", "per_source": {"zz": {"tie_bnd": 2}}}]
    with pytest.raises(RecipeError, match="tie_bnd") as caught:
        run(catalog, _recipe(*steps))
    assert "make-pairs" in str(caught.value.where)
    assert catalog.scan("flags").collect().is_empty()


def test_unknown_sources_and_an_empty_catalog_say_so(catalog: Catalog, put: Put) -> None:
    with pytest.raises(RecipeError, match="holds no source"):
        recipe_sources(_recipe("make-pairs"), catalog.head().state)
    put("a", 2)
    with pytest.raises(UnknownNameError, match="'b'"):
        recipe_sources(_recipe("make-pairs", sources=["b"]), catalog.head().state)


def test_a_stage_must_account_for_its_rows(catalog: Catalog, put: Put, add_plugin: Add) -> None:
    put("a", 2)
    add_plugin("stage", _flagging(pl.DataFrame(), 2, 1))
    with pytest.raises(InternalError, match="2 in, 1 out, 0 rejected"):
        run(catalog, _recipe("toy"))


def test_a_stage_must_keep_the_contract(catalog: Catalog, put: Put, add_plugin: Add) -> None:
    put("a", 2)
    flags = pl.DataFrame({"id": ["x"], "subject": ["planets"], "flag": ["odd"]})
    add_plugin("stage", _flagging(flags, 2, 2))
    with pytest.raises(DataError, match=r"toy wrote rows to flags .*enum:subject \(1 rows\)"):
        run(catalog, _recipe("toy"))
