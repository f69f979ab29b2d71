"""A run commits once, resumes where it was, and repeats to the byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pytest

from prefdata.catalog import Catalog
from prefdata.core.errors import ConflictError, RejectsError
from prefdata.protocols import Context, NoParams, RawFile, StageResult, stage
from prefdata.recipes import Recipe, load_recipe
from prefdata.runner import ingest, run
from prefdata.testing.world import WorldSpec, write_world

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

Add = Callable[[str, object], None]
Put = Callable[..., None]

_CLEAN = Recipe.model_validate(
    {
        "name": "r",
        "steps": ["flag-quality", "make-pairs", "split-by-prompt", "select-pairs"],
        "exports": [
            {
                "as": "trl",
                "to": "out/trl",
                "decisions": "select-pairs",
                "splits": "split-by-prompt",
                "params": {"file": "jsonl"},
            }
        ],
    }
)


def test_a_second_run_does_nothing_again(catalog: Catalog, put: Put) -> None:
    put("a", 5)
    first = run(catalog, _CLEAN)
    second = run(catalog, _CLEAN)
    assert not any(step.is_cached for step in first.steps)
    assert all(step.is_cached for step in second.steps)
    assert first.snapshot.name == second.snapshot.name
    assert first.exports[0].digests == second.exports[0].digests
    forced = run(catalog, _CLEAN, is_forced=True)
    assert not any(step.is_cached for step in forced.steps)
    assert forced.snapshot.name == first.snapshot.name


def test_a_source_that_grows_is_the_only_one_worked_on(catalog: Catalog, put: Put) -> None:
    put("a", 5)
    put("b", 5)
    run(catalog, _CLEAN)
    put("b", 6)
    again = run(catalog, _CLEAN)
    assert {step.source for step in again.steps if step.is_cached} == {"a"}
    assert {step.source for step in again.steps if not step.is_cached} == {"b"}


def test_a_failure_commits_nothing_and_keeps_what_was_finished(
    catalog: Catalog, put: Put, add_plugin: Add
) -> None:
    put("a", 5)
    is_broken = [True]

    @stage(version=1, reads=("pairs",), writes=("flags",))
    def fails(tables: Mapping[str, pl.LazyFrame], params: NoParams, ctx: Context) -> StageResult:
        """Fail once."""
        del params, ctx
        if is_broken.pop():
            message = "on purpose"
            raise RuntimeError(message)
        rows = tables["pairs"].collect().height
        return StageResult(tables={}, rows_in=rows, rows_out=rows)

    add_plugin("stage", fails)
    recipe = Recipe.model_validate({"name": "r", "steps": ["make-pairs", "fails"]})
    before = catalog.head()
    with pytest.raises(RuntimeError, match="on purpose"):
        run(catalog, recipe)
    assert catalog.head() == before
    is_broken.append(False)
    done = run(catalog, recipe)
    assert [(step.step, step.is_cached) for step in done.steps] == [
        ("make-pairs", True),
        ("fails", False),
    ]


def test_a_source_that_changes_meanwhile_is_a_conflict(
    catalog: Catalog, put: Put, add_plugin: Add
) -> None:
    put("a", 5)

    @stage(version=1, reads=("prompts",), writes=("flags",))
    def meddles(tables: Mapping[str, pl.LazyFrame], params: NoParams, ctx: Context) -> StageResult:
        """Let somebody else ingest the source while this runs."""
        del params, ctx
        put("a", 6)
        rows = tables["prompts"].collect().height
        return StageResult(tables={}, rows_in=rows, rows_out=rows)

    add_plugin("stage", meddles)
    with pytest.raises(ConflictError, match="ingest a"):
        run(catalog, Recipe.model_validate({"name": "r", "steps": ["meddles"]}))


def test_too_many_rejects_commit_nothing(catalog: Catalog, tmp_path: Path) -> None:
    lines = [{"prompt": f"{i}", "chosen": "same", "rejected": "same"} for i in range(3)]
    lines.append({"prompt": "3", "chosen": "yes", "rejected": "no"})
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    ingest(catalog, "trl", [RawFile(path, "x.jsonl")], params={"name": "a"})
    recipe = Recipe.model_validate({"name": "r", "steps": ["make-pairs"]})
    with pytest.raises(RejectsError, match="3 of 4 rows of a"):
        run(catalog, recipe, max_rejects=0.5)
    assert catalog.scan("pairs").collect().is_empty()
    (step,) = run(catalog, recipe).steps
    assert (step.rows_in, step.rows_out, step.rejected) == (4, 1, 3)
    assert step.reasons == {"identical-responses": 3}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, WorldSpec(seed=3, scale=0.0065))
    return folder


def _build(world: Path, folder: Path) -> Catalog:
    catalog = Catalog.create(folder)
    for raw in sorted(path for path in world.iterdir() if path.name != "truth"):
        files = [
            RawFile(path, path.relative_to(raw).as_posix())
            for path in sorted(raw.rglob("*"))
            if path.is_file()
        ]
        ingest(catalog, raw.name, files)
    return catalog


def test_two_builds_of_five_sources_agree_to_the_byte(world: Path, tmp_path: Path) -> None:
    recipe = load_recipe("clean")
    runs = [run(_build(world, tmp_path / name), recipe) for name in ("one", "two")]
    assert runs[0].snapshot.name == runs[1].snapshot.name
    assert runs[0].exports[0].digests == runs[1].exports[0].digests
    for step in runs[0].steps:
        assert step.rows_in == step.rows_out + step.rejected, step
    catalog = Catalog.open(tmp_path / "one")
    assert len(catalog.head().state.sources()) == 5
    equal = """
        SELECT count(*) FROM pair_texts
        WHERE chosen = rejected AND is_kept
    """
    assert catalog.sql(equal).fetchall() == [(0,)]
    parted = """
        SELECT count(*) FROM (
            SELECT content_hash FROM splits JOIN prompts USING (prompt_id)
            GROUP BY content_hash HAVING count(DISTINCT splits.split) > 1
        )
    """
    assert catalog.sql(parted).fetchall() == [(0,)]
