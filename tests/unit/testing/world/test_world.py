"""The world as a whole: the same bytes each time, complete files, a truth that points at them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.testing.world import DEMO, SOURCES, World, WorldSpec, write_world

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_equal_specs_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_world(tmp_path / name, DEMO)
    assert _digests(tmp_path / "one") == _digests(tmp_path / "two")


def test_the_demo_has_every_quirk(world: World, tmp_path: Path) -> None:
    demo = write_world(tmp_path, DEMO)
    kinds = [w.truth.table("quirks").select("source", "quirk").unique() for w in (world, demo)]
    assert set(kinds[0].iter_rows()) == set(kinds[1].iter_rows())


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    spec = WorldSpec(scale=0.001, sources=("multipref",))
    for seed in (0, 1):
        write_world(tmp_path / str(seed), WorldSpec(seed, spec.scale, spec.sources))
    first, second = (_digests(tmp_path / str(seed)) for seed in (0, 1))
    assert first.keys() == second.keys()
    name = "multipref/data/train-00000-of-00001.parquet"
    assert first[name] != second[name]


def test_a_source_does_not_depend_on_the_others(world: World, tmp_path: Path) -> None:
    alone = write_world(tmp_path, WorldSpec(world.spec.seed, world.spec.scale, ("prism",)))
    together = {k: v for k, v in _digests(world.folder).items() if k.startswith("prism/")}
    assert together == {k: v for k, v in _digests(alone.folder).items() if k.startswith("prism/")}


def test_every_file_is_there_and_nothing_else(world: World) -> None:
    listed = {path for source in world.sources.values() for path in source.files}
    listed |= {*world.truth.tables.values(), world.truth.folder / "parameters.json"}
    assert listed == {path for path in world.folder.rglob("*") if path.is_file()}
    assert tuple(world.sources) == SOURCES


def test_the_truth_names_rows_that_exist(world: World) -> None:
    rows = pl.DataFrame(
        [
            {"source": name, "file": file, "rows": count}
            for name, source in world.sources.items()
            for file, count in source.rows.items()
        ]
    )
    for name in ("responses", "noisy_labels", "near_duplicates", "quirks"):
        table = world.truth.table(name)
        joined = table.join(rows, on=["source", "file"], how="left")
        assert joined["rows"].null_count() == 0, name
        assert joined.filter(pl.col("row") >= pl.col("rows")).is_empty(), name
        assert joined.filter(pl.col("row") < 0).is_empty(), name


@pytest.mark.parametrize("scale", [0.0002, 0.001, 0.003])
def test_any_scale_can_be_written(tmp_path: Path, scale: float) -> None:
    small = write_world(tmp_path, WorldSpec(seed=3, scale=scale))
    assert all(source.rows for source in small.sources.values())
