"""A stage must keep its word, whether it is called for one source or for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.core.errors import DataError, InternalError
from prefdata.core.events import Note
from prefdata.protocols import Context, NoParams, Stage, StageResult, stage
from prefdata.recipes import Recipe
from prefdata.runner import run

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


def _everywhere(frame: pl.DataFrame) -> Stage:
    @stage(version=1, reads=("prompts",), writes=("flags",), scope="catalog")
    def wide(tables: Mapping[str, pl.LazyFrame], params: NoParams, context: Context) -> StageResult:
        """Flag each prompt of all sources with the number of sources seen."""
        rows = tables["prompts"].select("source", id="prompt_id").collect()
        flags = rows.with_columns(
            subject=pl.lit("prompts"),
            flag=pl.lit("seen"),
            value=pl.lit(float(rows["source"].n_unique())),
            reason=pl.lit(" ".join(context.sources)),
        )
        told = pl.concat([flags, frame], how="diagonal_relaxed")
        return StageResult({"flags": told}, rows.height, rows.height, notes=("looked",))

    return wide


def test_a_stage_over_the_catalog_sees_all_sources_at_once(
    catalog: Catalog, put: Put, add_plugin: Add
) -> None:
    put("b", 2)
    put("a", 3)
    add_plugin("stage", _everywhere(pl.DataFrame()))
    told: list[object] = []
    for is_cached in (False, True):
        done = run(catalog, _recipe("wide"), report=told.append)
        step = done.steps[0]
        assert (step.source, step.rows_in, step.is_cached) == ("all", 5, is_cached)
    flags = catalog.scan("flags").filter(pl.col("flag") == "seen").collect()
    assert sorted(flags["source"]) == ["a", "a", "a", "b", "b"]
    assert set(flags["value"]) == {2.0}
    assert set(flags["reason"]) == {"a b"}
    assert {key for key in catalog.head().state.table("flags").partitions if key[1] == "wide"} == {
        ("a", "wide"),
        ("b", "wide"),
    }
    assert told.count(Note("wide/all: looked")) == 2


def test_a_stage_may_not_write_for_a_source_that_it_was_not_given(
    catalog: Catalog, put: Put, add_plugin: Add
) -> None:
    put("a", 1)
    stray = {"source": "c", "id": "x", "subject": "prompts", "flag": "odd"}
    add_plugin("stage", _everywhere(pl.DataFrame([stray])))
    with pytest.raises(InternalError, match="not given"):
        run(catalog, _recipe("wide"))
