"""What every stage promises, checked on a small catalog of two sources.

from prefdata.testing.stages import assert_stage_contract

def test_my_stage(tmp_path):
    assert_stage_contract(my_stage, tmp_path)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.catalog import Catalog
from prefdata.chat.store import ChatStore
from prefdata.displacement.store import ScoreStore
from prefdata.protocols import Context, Stage
from prefdata.recipes import Recipe
from prefdata.registry import plugin
from prefdata.runner import ingest, run
from prefdata.runner.outputs import check_ledger, checked_rows
from prefdata.schema import polars_schema, table_schema
from prefdata.testing.contracts import write_files
from prefdata.vectors.store import VectorStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prefdata.protocols import Params, StageResult

__all__ = ["EXAMPLE_SOURCES", "assert_stage_contract", "example_catalog"]

EXAMPLE_SOURCES = ("hh-rlhf", "multipref")
"""Pairs of transcripts, and ratings by several people: the two shapes that differ most."""
_STEPS = ("flag-quality", "make-pairs", "dedup", "split-by-prompt", "select-pairs")


def example_catalog(folder: Path) -> Catalog:
    """Make a catalog of the examples of two sources, flagged, paired, split and selected.

    Args:
        folder: An empty folder.
    """
    catalog = Catalog.create(folder / "workspace")
    for source in EXAMPLE_SOURCES:
        ingest(catalog, source, write_files(plugin("source", source).example, folder / source))
    run(catalog, Recipe.model_validate({"name": "example", "steps": list(_STEPS)}))
    return catalog


def assert_stage_contract(
    stage: Stage,
    folder: Path,
    params: Params | None = None,
    *,
    catalog: Catalog | None = None,
    sources: Sequence[str] = EXAMPLE_SOURCES,
    files: Mapping[str, Path] | None = None,
) -> None:
    """Check what every stage promises.

    It says what it is and what its parameters mean; accounts for its rows; writes what it declared,
    by the rules of the tables; gives the same rows whatever the order of what it reads; and finds
    nothing in nothing.

    Args:
        stage: The stage.
        folder: An empty folder to work in.
        params: With what; its defaults when None.
        catalog: What it reads; `example_catalog` when None.
        sources: The sources of the catalog that it is given: one after the other, or all at once
            if that is its scope.
        files: What its `Outside` would name, as files on this machine.

    Raises:
        AssertionError: If a promise is broken; the message says which.
        PrefdataError: If it is one that the runner would notice, too.
    """
    settings = params if params is not None else stage.params()
    assert stage.summary, "the function has no docstring, and so no summary"
    for name, field in stage.params.model_fields.items():
        assert field.description, f"the parameter {name} is not explained"
    held = catalog if catalog is not None else example_catalog(folder)
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    calls = [tuple(sources)] if stage.scope == "catalog" else [(source,) for source in sources]
    n_rows = 0
    for given in calls:
        context = Context(
            scratch=scratch,
            source="" if stage.scope == "catalog" else given[0],
            step=stage.name,
            sources=given,
            vectors=VectorStore(held),
            scorer=ScoreStore(held),
            chat=ChatStore(held),
            files=files or {},
        )
        n_rows += _assert_keeps_its_word(stage, settings, held, context)
        _assert_finds_nothing(stage, settings, context)
    # Who names a catalog knows what is in it.
    assert n_rows or catalog is not None, (
        "no row of the example concerns the stage; name another `catalog`"
    )


def _assert_keeps_its_word(stage: Stage, params: Params, catalog: Catalog, context: Context) -> int:
    """Run a stage forwards and backwards; return the rows that it saw."""
    frames = {
        table: pl.concat(
            # The filter keeps polars from knowing what a table of one file looks like.
            [
                catalog.scan(table, (source,)).filter(pl.lit(value=True))
                for source in context.sources
            ]
        )
        for table in stage.reads
    }
    result = stage.run(frames, params, context)
    written = _checked(stage, result, context)
    backwards = {table: frame.collect().reverse().lazy() for table, frame in frames.items()}
    again = _checked(stage, stage.run(backwards, params, context), context)
    assert set(written) == set(again), "another order of rows gives other tables"
    for table, rows in written.items():
        key = table_schema(table).primary_key
        assert not key or rows.select(key).is_unique().all(), f"{table}: two rows have one key"
        # Rejects have no key; none of their columns holds others.
        order = key or rows.columns
        assert rows.sort(order).equals(again[table].sort(order)), (
            f"{table}: another order of what it reads gives other rows"
        )
    return result.rows_in


def _assert_finds_nothing(stage: Stage, params: Params, context: Context) -> None:
    empty = {
        table: pl.LazyFrame(schema=polars_schema(table_schema(table))) for table in stage.reads
    }
    result = stage.run(empty, params, context)
    assert (result.rows_in, result.rows_out) == (0, 0), "of no rows it counts some"
    for table, rows in _checked(stage, result, context).items():
        assert rows.is_empty(), f"{table}: of nothing it makes rows"


def _checked(stage: Stage, result: StageResult, context: Context) -> dict[str, pl.DataFrame]:
    """Return what a stage wrote as the runner would store it."""
    check_ledger(stage, result, where=stage.name)
    tables = {**result.tables, **({} if result.rejects is None else {"rejects": result.rejects})}
    return {
        table: checked_rows(stage, table, rows, step=context.step, source=context.source)
        for table, rows in tables.items()
        if rows.height
    }
