"""The red-team file is an array or lines, with the misspelt key."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.testing.world import WorldSpec
from prefdata.testing.world.planted import Planted
from prefdata.testing.world.red_team import write_red_team

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__: list[str] = []


@pytest.mark.parametrize(("layout", "start"), [("array", b"["), ("lines", b"{")])
def test_both_layouts_hold_the_same_rows(
    tmp_path: Path, rows_of: Callable[..., list[dict[str, Any]]], layout: Any, start: bytes
) -> None:
    path = tmp_path / f"{layout}.jsonl.gz"
    truth = Planted("hh-rlhf")
    n = write_red_team(path, WorldSpec(scale=0.005, red_team_layout=layout), truth)
    other = tmp_path / "other.jsonl.gz"
    write_red_team(other, WorldSpec(scale=0.005), Planted("hh-rlhf"))
    rows = rows_of(path)
    assert gzip.decompress(path.read_bytes()).startswith(start)
    assert rows == rows_of(other)
    assert len(rows) == n == 195
    tagged = truth.table("quirks")["row"].to_list()
    assert [index for index, row in enumerate(rows) if row["tags"]] == tagged


def test_a_row_has_the_published_keys(
    tmp_path: Path, rows_of: Callable[..., list[dict[str, Any]]]
) -> None:
    path = tmp_path / "rows.jsonl.gz"
    write_red_team(path, WorldSpec(scale=0.001), Planted("hh-rlhf"))
    for row in rows_of(path):
        assert "task_descripton_harmlessness_score" in row
        assert len(row) == 10
        assert row["rating"] in {0.0, 1.0, 2.0, 3.0, 4.0}
        assert row["transcript"].startswith("\n\nHuman:")
