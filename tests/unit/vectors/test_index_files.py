"""The folder of an index appears whole, and damage is seen."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from prefdata.core.errors import BackendError
from prefdata.vectors import index_files
from prefdata.vectors.index_files import (
    HASHES,
    MANIFEST,
    VECTORS,
    Manifest,
    Refused,
    check_folder,
    describe_files,
    new_folder,
    write_hashes,
    write_vectors,
)
from prefdata.vectors.index_plan import IndexPlan

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def _unit(n: int, d: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(0).standard_normal((n, d)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def _write(folder: Path, key: str = "key", n: int = 50) -> None:
    with new_folder(folder) as made:
        write_vectors(_unit(n, 4), made / VECTORS)
        write_hashes(pl.Series([f"{i:032x}" for i in range(n)]), made / HASHES)
        manifest = Manifest(
            key=key,
            n=n,
            dimension=4,
            plan=IndexPlan(kind="flat", reason="a test"),
            target_recall=0.95,
            recall=None,
            seed=0,
            faiss=None,
            files=describe_files(made),
        )
        (made / MANIFEST).write_text(manifest.model_dump_json())


def test_what_was_written_is_read(tmp_path: Path) -> None:
    _write(tmp_path / "index")
    manifest = check_folder(tmp_path / "index", key="key", dimension=4)
    assert isinstance(manifest, Manifest)
    assert np.array_equal(np.load(tmp_path / "index" / VECTORS), _unit(50, 4).astype(np.float16))
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_a_new_index_takes_the_place_of_the_old(tmp_path: Path) -> None:
    _write(tmp_path / "index", "old")
    _write(tmp_path / "index", "new")
    assert isinstance(check_folder(tmp_path / "index", key="new"), Manifest)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_a_build_that_fails_leaves_the_old_index(tmp_path: Path) -> None:
    _write(tmp_path / "index", "old")

    def half_written() -> None:
        with new_folder(tmp_path / "index") as made:
            (made / "half").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half_written()
    assert isinstance(check_folder(tmp_path / "index", key="old"), Manifest)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_what_a_killed_build_left_goes_after_a_day(tmp_path: Path) -> None:
    old, young = tmp_path / ".index.old.tmp", tmp_path / ".index.young.tmp"
    old.mkdir()
    young.mkdir()
    long_ago = time.time() - 90_000
    os.utime(old, (long_ago, long_ago))
    _write(tmp_path / "index")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".index.young.tmp", "index"]


def _refused(folder: Path, key: str = "key", dimension: int | None = None) -> Refused:
    refused = check_folder(folder, key=key, dimension=dimension)
    assert isinstance(refused, Refused)
    return refused


def test_absent_stale_and_of_another_model_are_told_and_are_no_damage(tmp_path: Path) -> None:
    assert _refused(tmp_path / "index") == Refused("there is none yet", is_damage=False)
    _write(tmp_path / "index")
    assert "stale" in _refused(tmp_path / "index", "another").reason
    other = _refused(tmp_path / "index", dimension=8)
    assert (other.reason, other.is_damage) == ("its vectors have 4 values, not 8", False)


def test_a_folder_without_a_manifest_is_half_written(tmp_path: Path) -> None:
    _write(tmp_path / "index")
    (tmp_path / "index" / MANIFEST).unlink()
    assert _refused(tmp_path / "index") == Refused("it is half-written")


@pytest.mark.parametrize("text", ["", "{", "{}", '{"format": 2}', "\udcff"])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    _write(tmp_path / "index")
    (tmp_path / "index" / MANIFEST).write_text(text, errors="surrogateescape")
    assert _refused(tmp_path / "index").reason == "its manifest.json cannot be read"


def test_a_manifest_must_name_the_files(tmp_path: Path) -> None:
    _write(tmp_path / "index")
    path = tmp_path / "index" / MANIFEST
    manifest = Manifest.model_validate_json(path.read_bytes())
    path.write_text(manifest.model_copy(update={"files": {}}).model_dump_json())
    assert "names no hashes.parquet, vectors.npy" in _refused(tmp_path / "index").reason


@pytest.mark.parametrize("name", [VECTORS, HASHES])
def test_every_flipped_byte_and_every_cut_is_seen(tmp_path: Path, name: str) -> None:
    _write(tmp_path / "index")
    path = tmp_path / "index" / name
    whole = path.read_bytes()
    for at in range(0, len(whole), 37):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert _refused(tmp_path / "index").reason == f"its {name} is not what was written"
        path.write_bytes(whole[:at])
        assert f"has {at:,} bytes, not" in _refused(tmp_path / "index").reason
    path.unlink()
    assert f"its {name} cannot be read" in _refused(tmp_path / "index").reason


def test_long_files_are_checked_in_stretches_and_very_long_ones_here_and_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_files, "_STRETCH_BYTES", 100)
    monkeypatch.setattr(index_files, "_FULL_STRETCHES", 5)
    _write(tmp_path / "index", n=300)
    path = tmp_path / "index" / VECTORS
    assert isinstance(check_folder(tmp_path / "index", key="key"), Manifest)
    whole = path.read_bytes()
    for at in (0, 99, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert _refused(tmp_path / "index").is_damage


@pytest.mark.parametrize("value", [np.nan, np.inf, 2.0])
def test_a_vector_that_is_none_is_not_written(tmp_path: Path, value: float) -> None:
    rows = _unit(5, 4)
    rows[3, 2] = value
    with pytest.raises(BackendError, match="not finite, or longer than 1"):
        write_vectors(rows, tmp_path / VECTORS)


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (1, 1)])
def test_few_vectors_are_a_file_too(tmp_path: Path, shape: tuple[int, int]) -> None:
    write_vectors(np.ones(shape, dtype=np.float32), tmp_path / VECTORS)
    assert np.load(tmp_path / VECTORS).shape == shape
