"""The truth has one schema for all sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.testing.world.planted import Planted, TruthFiles
from prefdata.testing.world.values import draw_styles

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _written(folder: Path, *planted: Planted, is_streamed: bool = False) -> dict[str, pl.DataFrame]:
    with TruthFiles(folder, is_streamed=is_streamed) as truth:
        for one in planted:
            truth.add(one)
    return {name: pl.read_parquet(path) for name, path in truth.paths.items()}


def test_what_is_planted_is_written(tmp_path: Path) -> None:
    truth = Planted("toy")
    truth.annotators(["u1", "u2"], np.array([0, 3]))
    truth.responses("a.jsonl", np.arange(3), 1, draw_styles(np.random.default_rng(0), 3))
    truth.noisy("a.jsonl", [2])
    truth.near_duplicates("a.jsonl", [1], "b.jsonl", [0], ["one-word"])
    truth.cross_duplicates("a.jsonl", [3], "other", ["c.jsonl"], [9], ["exact"])
    truth.quirk("a.jsonl", [5, 4], "odd")
    truth.quirk("a.jsonl", [], "never")
    truth.parameters["bias"] = 2.0
    tables = _written(tmp_path, truth)
    assert tables["annotators"]["value_group"].to_list() == ["concise", "careful"]
    assert tables["responses"].height == 3
    assert tables["noisy_labels"].row(0) == ("toy", "a.jsonl", 2, 0, 0)
    assert tables["near_duplicates"].row(0) == (
        "toy", "a.jsonl", 1, 0, "b.jsonl", 0, "one-word",
    )  # fmt: skip
    assert tables["cross_duplicates"].row(0, named=True) == {
        "source": "toy",
        "file": "a.jsonl",
        "row": 3,
        "turn": 0,
        "of_source": "other",
        "of_file": "c.jsonl",
        "of_row": 9,
        "kind": "exact",
    }
    assert tables["quirks"]["row"].to_list() == [4, 5]


def test_a_truth_without_plants_has_its_columns(tmp_path: Path) -> None:
    tables = _written(tmp_path, Planted("toy"))
    assert all(table.is_empty() for table in tables.values())
    assert "quirk" in tables["quirks"].columns


def test_rows_of_a_later_tile_count_from_those_before(tmp_path: Path) -> None:
    tiles = [Planted("toy"), Planted("toy", {"a.jsonl": 100, "b.jsonl": 7})]
    for tile in tiles:
        tile.noisy("a.jsonl", [2, 5], turn=np.array([0, 1]))
        tile.near_duplicates("a.jsonl", [1], "b.jsonl", [3], "exact")
        tile.cross_duplicates("c.jsonl", [4], "other", ["a.jsonl"], [9], ["exact"])
    tables = _written(tmp_path, *tiles, is_streamed=True)
    assert tables["noisy_labels"]["row"].to_list() == [2, 5, 102, 105]
    assert tables["near_duplicates"].select("row", "of_row").rows() == [(1, 3), (101, 10)]
    # The other source says itself where its rows stand.
    assert tables["cross_duplicates"].select("row", "of_row").rows() == [(4, 9), (4, 9)]


def test_what_is_told_tile_by_tile_is_told_the_same(tmp_path: Path) -> None:
    planted = Planted("toy")
    planted.quirk("a.jsonl", [3], "odd")
    planted.annotators(["u1"], np.array([2]))
    for is_streamed in (False, True):
        _written(tmp_path / str(is_streamed), planted, is_streamed=is_streamed)
    one, other = (
        {path.name: pl.read_parquet(path) for path in sorted((tmp_path / name).glob("*.parquet"))}
        for name in ("False", "True")
    )
    assert one.keys() == other.keys()
    for name, table in one.items():
        assert table.equals(other[name]), name
        assert table.schema == other[name].schema
