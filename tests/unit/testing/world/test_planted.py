"""The truth has one schema for all sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.testing.world.planted import Planted, write_truth
from prefdata.testing.world.values import draw_styles

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


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
    tables = {name: pl.read_parquet(path) for name, path in write_truth(tmp_path, [truth]).items()}
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
    paths = write_truth(tmp_path, [Planted("toy")])
    assert all(pl.read_parquet(path).is_empty() for path in paths.values())
    assert "quirk" in pl.read_parquet(paths["quirks"]).columns
