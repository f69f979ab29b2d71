"""The red-team file is an array or lines, with the misspelt key."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.testing.world import WorldSpec
from prefdata.testing.world.planted import Planted
from prefdata.testing.world.red_team import RED_TEAM_FILE, write_red_team
from prefdata.testing.world.tiles import Tile
from prefdata.testing.world.writing import RawFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__: list[str] = []


def _write(folder: Path, spec: WorldSpec, truth: Planted) -> int:
    with RawFiles(folder) as files:
        write_red_team(files, Tile(spec), truth)
    return files.rows[RED_TEAM_FILE]


@pytest.mark.parametrize(("layout", "start"), [("array", b"["), ("lines", b"{")])
def test_both_layouts_hold_the_same_rows(
    tmp_path: Path, rows_of: Callable[..., list[dict[str, Any]]], layout: Any, start: bytes
) -> None:
    truth, path, other = Planted("hh-rlhf"), tmp_path / "one", tmp_path / "other"
    n = _write(path, WorldSpec(scale=0.005, red_team_layout=layout), truth)
    _write(other, WorldSpec(scale=0.005), Planted("hh-rlhf"))
    path, other = path / RED_TEAM_FILE, other / RED_TEAM_FILE
    rows = rows_of(path)
    assert gzip.decompress(path.read_bytes()).startswith(start)
    assert rows == rows_of(other)
    assert len(rows) == n == 195
    tagged = truth.table("quirks")["row"].to_list()
    assert [index for index, row in enumerate(rows) if row["tags"]] == tagged


def test_a_row_has_the_published_keys(
    tmp_path: Path, rows_of: Callable[..., list[dict[str, Any]]]
) -> None:
    _write(tmp_path, WorldSpec(scale=0.001), Planted("hh-rlhf"))
    for row in rows_of(tmp_path / RED_TEAM_FILE):
        assert "task_descripton_harmlessness_score" in row
        assert len(row) == 10
        assert row["rating"] in {0.0, 1.0, 2.0, 3.0, 4.0}
        assert row["transcript"].startswith("\n\nHuman:")
