"""A large world is many small ones in the same files, and none repeats another."""

from __future__ import annotations

import hashlib
import re
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from prefdata.core.events import Progress, StepFinished
from prefdata.protocols import Context, RawFile
from prefdata.registry import plugin
from prefdata.testing.world import SOURCES, World, WorldSpec, write_world
from prefdata.testing.world.languages import LEXICONS
from prefdata.testing.world.text import Composer
from prefdata.testing.world.tiles import tiles_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prefdata.core.events import Event

__all__: list[str] = []

_SPEC, _TILE = WorldSpec(seed=7, scale=0.005), 0.002


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return []


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, events: list[Event]) -> World:
    """Write a world of two whole tiles and a half."""
    return write_world(tmp_path_factory.mktemp("large"), _SPEC, report=events.append, tile=_TILE)


def _bytes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _bundles(world: World, name: str) -> Iterator[Any]:
    source = world.sources[name]
    raws = [RawFile(source.folder / file, file) for file in source.rows]
    adapter = plugin("source", name)
    params = adapter.params()
    return iter(adapter.read(adapter.select(raws), params, Context(source=name)))


def test_a_world_is_whole_tiles_and_the_rest() -> None:
    tiles = tiles_of(WorldSpec(seed=4, scale=2.3))
    assert [tile.spec.scale for tile in tiles] == [1.0, 1.0, 0.3]
    assert [tile.number for tile in tiles] == [0, 1, 2]
    assert tiles[0].spec.seed == 4
    assert len({tile.spec.seed for tile in tiles}) == 3
    assert tiles_of(WorldSpec(seed=4, scale=7.2))[1] == tiles[1]
    assert len(tiles_of(WorldSpec(scale=3.0004))) == 3
    (alone,) = tiles_of(WorldSpec(scale=0.0002))
    assert alone.spec == WorldSpec(scale=0.0002)


def test_rows_are_those_of_the_tiles_one_after_the_other(
    large: World, tmp_path: Path, rows_of: Callable[..., list[dict[str, Any]]]
) -> None:
    alone = write_world(tmp_path, WorldSpec(seed=7, scale=_TILE))
    for name in ("hh-rlhf", "ultrafeedback", "prism"):
        for file, count in alone.sources[name].rows.items():
            first = rows_of(alone.sources[name].folder / file, nan=True)
            rows = rows_of(large.sources[name].folder / file, nan=True)
            assert str(rows[:count]) == str(first)  # NaN is not equal to itself
            assert len(rows) == large.sources[name].rows[file] > count


def test_equal_specs_give_equal_bytes(large: World, tmp_path: Path) -> None:
    sources = ("prism", "multipref")
    again = write_world(tmp_path, WorldSpec(7, _SPEC.scale, sources), tile=_TILE)
    assert tuple(again.sources) == sources
    one, other = _bytes(large.folder), _bytes(again.folder)
    raw = [name for name in other if not name.startswith("truth/")]
    assert raw
    assert all(one[name] == other[name] for name in raw)


@pytest.mark.parametrize("name", SOURCES)
def test_the_adapters_take_every_row_and_give_each_id_once(large: World, name: str) -> None:
    ids: dict[str, list[str]] = {}
    n_rows = 0
    for bundle in _bundles(large, name):
        assert bundle.rejects.is_empty()
        n_rows += bundle.rows_in
        for table, frame in bundle.tables.items():
            key = f"{table.removesuffix('s')}_id"
            if key in frame.columns:
                ids.setdefault(table, []).extend(frame[key])
    assert n_rows == sum(large.sources[name].rows.values())
    assert ids["judgments"]
    for table, found in ids.items():
        assert len(set(found)) == len(found), table


def test_native_ids_are_unique_in_their_published_shapes(
    large: World, rows_of: Callable[..., list[dict[str, Any]]]
) -> None:
    folder = large.sources["prism"].folder
    for file, key, shape in (
        ("survey.jsonl", "user_id", r"user\d+"),
        ("conversations.jsonl", "conversation_id", r"c\d+"),
        ("utterances.jsonl", "utterance_id", r"ut\d+"),
    ):
        ids = [row[key] for row in rows_of(folder / file)]
        assert ids == [re.sub(r"\d+", str(index), ids[0]) for index in range(len(ids))]
        assert all(re.fullmatch(shape, one) for one in ids)
    asked = {row["interaction_id"] for row in rows_of(folder / "utterances.jsonl")}
    assert asked == {f"int{index}" for index in range(len(asked))}

    table = pl.read_csv(large.sources["community-alignment"].files[0])
    assert table["conversation_id"].is_unique().all()
    assert table["conversation_id"].min() > 2**53  # type: ignore[operator]  # any scalar
    people = large.truth.table("annotators")
    assert people.select("source", "annotator_id").is_unique().all()
    known = set(people.filter(source="community-alignment")["annotator_id"])
    assert set(table["annotator_id"].cast(pl.String)) <= known

    table = pl.read_parquet(large.sources["multipref"].files[0])
    assert table["comparison_id"].is_unique().all()
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in table["prompt_id"])
    notes = table["normal_worker_annotations"].explode(empty_as_null=False, keep_nulls=False)
    assert set(notes.struct.field("evaluator")) <= set(
        people.filter(source="multipref")["annotator_id"]
    )


def test_the_truth_points_into_the_whole_files(
    large: World, rows_of: Callable[..., list[dict[str, Any]]]
) -> None:
    """Find what was planted at the rows that the truth names, in the last tile too."""
    truth = large.truth
    folder = large.sources["ultrafeedback"].folder
    near = truth.table("near_duplicates").filter(source="ultrafeedback", kind="exact")
    for file, row, of_file, of_row in near.select("file", "row", "of_file", "of_row").rows():
        original = rows_of(folder / of_file)[of_row]["instruction"]
        assert rows_of(folder / file)[row]["instruction"] == original

    cross = truth.table("cross_duplicates").filter(kind="exact")
    copies = pl.read_parquet(large.sources["multipref"].files[0])["text"]
    for row, of_file, of_row in cross.select("row", "of_file", "of_row").rows():
        said = rows_of(large.sources["hh-rlhf"].folder / of_file)[of_row]["chosen"]
        assert said.startswith(f"\n\nHuman: {copies[row]}\n\nAssistant:")
    assert cross["row"].max() > large.sources["multipref"].rows[cross["file"][0]] * 0.6  # type: ignore[operator]

    empty = truth.table("quirks").filter(source="prism", quirk="empty_string")
    said = rows_of(large.sources["prism"].folder / "utterances.jsonl")
    found = [index for index, row in enumerate(said) if row["model_response"] == "EMPTY STRING"]
    assert empty["row"].to_list() == found
    assert len(found) > 1
    responses = truth.table("responses").filter(source="prism")
    assert responses["row"].to_list() == list(range(len(said)))
    assert len(truth.parameters["sources"]["community-alignment"]["tiles"]) == 3


def test_prompts_of_two_tiles_are_not_alike_even_with_the_same_sentences() -> None:
    tiles = tiles_of(WorldSpec(scale=3.0))
    for language in LEXICONS:
        said = [
            Composer(tile.lexicon(language)).prompts(np.random.default_rng(0), 60)[0]
            for tile in tiles
        ]
        for one, other in combinations(said, 2):
            for text, twin in zip(one, other, strict=True):
                mine, theirs = _shingles(text), _shingles(twin)
                assert len(mine & theirs) < 0.35 * len(mine | theirs)


def _shingles(text: str) -> set[str]:
    return {text[at : at + 5] for at in range(len(text) - 4)}


def test_each_source_tells_how_far_it_is(large: World, events: list[Event]) -> None:
    finished = [event for event in events if isinstance(event, StepFinished)]
    assert [event.step for event in finished] == list(SOURCES)
    for event in finished:
        rows = sum(large.sources[event.step].rows.values())
        assert event.rows_out == rows
        told = [e.done for e in events if isinstance(e, Progress) and e.step == event.step]
        assert told == sorted(told)
        assert told[-1] == rows
