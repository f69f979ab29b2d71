"""The world as a whole: the same bytes each time, complete files, a truth that points at them."""

from __future__ import annotations

import hashlib
import unicodedata
from itertools import takewhile
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.testing.world import DEMO, SOURCES, World, WorldSpec, write_world
from prefdata.testing.world.edits import KINDS
from prefdata.testing.world.red_team import RED_TEAM_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Place = tuple[str, str, int]

__all__: list[str] = []


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def _kind(copy: str, original: str) -> str:
    """Tell by reading in which way a text repeats another."""
    if copy == original:
        return "exact"
    if _normal(copy) == _normal(original):
        return "case-space"
    new, old = copy.split(), original.split()
    if sorted(new) == sorted(old):
        return "reorder"
    start = _n_alike(new, old)
    end = _n_alike(new[start:][::-1], old[start:][::-1])
    return "one-word" if start + end >= max(len(new), len(old)) - 1 else "other"


def _n_alike(new: list[str], old: list[str]) -> int:
    """Count the words at the start that are the same."""
    pairs = zip(new, old, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


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
    truth = world.truth
    originals = [
        truth.table("near_duplicates").select("source", file="of_file", row="of_row"),
        truth.table("cross_duplicates").select(source="of_source", file="of_file", row="of_row"),
    ]
    names = ("responses", "noisy_labels", "near_duplicates", "cross_duplicates", "quirks")
    for name, table in [
        *((name, truth.table(name)) for name in names),
        ("of", pl.concat(originals)),
    ]:
        joined = table.join(rows, on=["source", "file"], how="left")
        assert joined["rows"].null_count() == 0, name
        assert joined.filter(pl.col("row") >= pl.col("rows")).is_empty(), name
        assert joined.filter(pl.col("row") < 0).is_empty(), name


def test_copies_are_of_the_kind_that_the_truth_says(
    world: World, first_prompts: Mapping[Place, str]
) -> None:
    near = world.truth.table("near_duplicates").with_columns(of_source="source")
    cross = world.truth.table("cross_duplicates").select(near.columns)
    for place in pl.concat([near, cross]).iter_rows(named=True):
        copy = first_prompts[place["source"], place["file"], place["row"]]
        original = first_prompts[place["of_source"], place["of_file"], place["of_row"]]
        assert _kind(copy, original) == place["kind"], place


def test_copies_are_two_in_a_hundred_and_of_all_kinds_alike(world: World) -> None:
    near = world.truth.table("near_duplicates").filter(pl.col("of_file") == pl.col("file"))
    rows = {name: sum(source.rows.values()) for name, source in world.sources.items()}
    rows["hh-rlhf"] -= world.sources["hh-rlhf"].rows[RED_TEAM_FILE]
    for source in ("hh-rlhf", "ultrafeedback"):
        found = near.filter(source=source)
        assert found.height == pytest.approx(rows[source] / 50, rel=0.1)
        counts = dict(found.group_by("kind").len().iter_rows())
        assert set(counts) == set(KINDS)
        assert max(counts.values()) - min(counts.values()) <= len(world.sources[source].rows)


def test_no_copy_is_copied_again(world: World) -> None:
    near = world.truth.table("near_duplicates")
    places = near.select("source", "file", "row")
    originals = near.select("source", file="of_file", row="of_row")
    assert originals.join(places, on=places.columns).is_empty()
    assert places.is_unique().all()


def test_prompts_that_nobody_copied_are_not_alike(
    world: World, first_prompts: Mapping[Place, str]
) -> None:
    prompts = pl.DataFrame(
        [(*place, text) for place, text in first_prompts.items()],
        schema=["source", "file", "row", "text"],
        orient="row",
    )
    place = ["source", "file", "row"]
    quirks = world.truth.table("quirks").filter(
        pl.col("quirk").is_in(["same_prompt", "same_opening"])
    )
    for told in ("near_duplicates", "cross_duplicates"):
        prompts = prompts.join(world.truth.table(told), on=place, how="anti")
    prompts = prompts.join(quirks, on=place, how="anti")
    # These two show some prompts to several annotators.
    is_shared = pl.col("source").is_in(["multipref", "community-alignment"])
    own = prompts.filter(~is_shared | pl.struct("source", "text").is_first_distinct())
    assert own["text"].n_unique() > 0.999 * own.height


@pytest.mark.parametrize("scale", [0.0002, 0.001, 0.003])
def test_any_scale_can_be_written(tmp_path: Path, scale: float) -> None:
    small = write_world(tmp_path, WorldSpec(seed=3, scale=scale))
    assert all(source.rows for source in small.sources.values())
