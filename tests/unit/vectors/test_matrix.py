"""Vectors come back in the order they are asked for, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from prefdata.core.errors import DataError, InternalError
from prefdata.vectors.matrix import read_matrix

if TYPE_CHECKING:
    from pathlib import Path


def _file(path: Path, rows: dict[str, list[float]]) -> Path:
    frame = pl.DataFrame(
        {"content_hash": list(rows), "vector": list(rows.values())},
        schema={"content_hash": pl.String, "vector": pl.List(pl.Float32)},
    )
    frame.write_parquet(path, row_group_size=2, use_pyarrow=True)
    return path


def test_rows_stand_as_asked_over_files_and_row_groups(tmp_path: Path) -> None:
    one = _file(tmp_path / "1", {name: [i, 0.5] for i, name in enumerate("abc")})
    two = _file(tmp_path / "2", {"d": [9.0, 0.5]})
    got = read_matrix([one, two], pl.Series(["d", "b"]))
    assert got.dtype == np.float32
    assert got.tolist() == [[9.0, 0.5], [1.0, 0.5]]
    assert read_matrix([one], pl.Series([], dtype=pl.String)).size == 0


def test_a_text_without_a_vector_is_a_fault_of_ours(tmp_path: Path) -> None:
    one = _file(tmp_path / "1", {"a": [1.0]})
    with pytest.raises(InternalError, match="1 texts have no vector"):
        read_matrix([one], pl.Series(["a", "b"]))


def test_vectors_of_different_lengths_are_refused(tmp_path: Path) -> None:
    one = _file(tmp_path / "1", {"a": [1.0, 2.0], "b": [1.0]})
    with pytest.raises(DataError, match="differ in length"):
        read_matrix([one], pl.Series(["a", "b"]))
    two = [_file(tmp_path / "2", {"a": [1.0, 2.0]}), _file(tmp_path / "3", {"b": [1.0]})]
    with pytest.raises(DataError, match="2 and 1"):
        read_matrix(two, pl.Series(["a", "b"]))
