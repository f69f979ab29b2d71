from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from prefdata.core.errors import UserError
from prefdata.exporters._files import ROWS_PER_GROUP
from prefdata.exporters.jsonl import jsonl
from prefdata.exporters.parquet import parquet
from prefdata.exporters.trl import Trl, trl
from prefdata.protocols import NoParams

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def test_all_columns_stay_as_they_are(pairs: Any, tmp_path: Path) -> None:
    frame = pairs({"margin": 0.5, "n_votes": 3}, {}, {"split": "test"})
    (test, train) = parquet.write(iter([frame]), tmp_path, NoParams())
    assert (test.name, train.name) == ("test.parquet", "train.parquet")
    assert_frame_equal(pl.read_parquet(train), frame.head(2))
    assert_frame_equal(pl.read_parquet(test), frame.tail(1))
    (test, train) = jsonl.write(iter([frame]), tmp_path, NoParams())
    lines = train.read_text(encoding="utf-8").split("\n")
    assert [json.loads(line) for line in lines[:-1]] == frame.head(2).to_dicts()
    assert lines[-1] == ""
    assert "“é”" in lines[0]


def test_pairs_without_a_split_are_for_training(pairs: Any, tmp_path: Path) -> None:
    (path,) = jsonl.write(iter([pairs({"split": None}, {"split": "train"})]), tmp_path, NoParams())
    assert path.name == "train.jsonl"
    assert len(path.read_bytes().splitlines()) == 2


@pytest.mark.parametrize("exporter", [parquet, jsonl], ids=["parquet", "jsonl"])
def test_the_bytes_depend_on_the_rows_alone(pairs: Any, tmp_path: Path, exporter: Any) -> None:
    frame = pairs(*({"split": "ab"[number % 2]} for number in range(2 * ROWS_PER_GROUP + 3)))
    whole = exporter.write(iter([frame]), tmp_path / "whole", NoParams())
    pieces = exporter.write(frame.iter_slices(1000), tmp_path / "pieces", NoParams())
    assert [path.name for path in whole] == [path.name for path in pieces]
    for one, other in zip(whole, pieces, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_row_groups_have_a_fixed_number_of_rows(pairs: Any, tmp_path: Path) -> None:
    frame = pairs(*[{}] * (ROWS_PER_GROUP + 5))
    (path,) = parquet.write(frame.iter_slices(700), tmp_path, NoParams())
    meta = pq.ParquetFile(path).metadata
    assert [meta.row_group(i).num_rows for i in range(meta.num_row_groups)] == [ROWS_PER_GROUP, 5]


def test_an_error_leaves_the_old_file_and_nothing_else(pairs: Any, tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_bytes(b"old")

    def frames() -> Any:
        yield pairs(*[{}] * (ROWS_PER_GROUP + 1))
        raise OSError("The disk is full.")

    with pytest.raises(OSError, match="disk"):
        trl.write(frames(), tmp_path, Trl(file="both"))
    assert [path.name for path in tmp_path.iterdir()] == ["train.parquet"]
    assert (tmp_path / "train.parquet").read_bytes() == b"old"


@pytest.mark.parametrize("split", ["../up", "a/b", "", ".hidden"])
def test_a_split_must_be_the_name_of_a_file(pairs: Any, tmp_path: Path, split: str) -> None:
    with pytest.raises(UserError, match="cannot be the name of a file"):
        jsonl.write(iter([pairs({"split": split})]), tmp_path / "out", NoParams())
    assert list((tmp_path / "out").iterdir()) == []


def test_no_pairs_give_no_files(pairs: Any, tmp_path: Path) -> None:
    assert parquet.write(iter([]), tmp_path, NoParams()) == []
    assert parquet.write(iter([pairs()]), tmp_path, NoParams()) == []
