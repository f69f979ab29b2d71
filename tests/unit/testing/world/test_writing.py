"""Files appear whole or not at all."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from prefdata.testing.world.writing import atomic, write_json_array, write_json_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__: list[str] = []


def _breaks() -> Iterator[dict[str, int]]:
    yield {"a": 1}
    raise RuntimeError("half way")


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_json_lines(path, [{"a": 0}])
    with pytest.raises(RuntimeError, match="half way"):
        write_json_lines(path, _breaks())
    assert path.read_text() == '{"a": 0}\n'
    assert list(tmp_path.iterdir()) == [path]


def test_atomic_makes_the_folder(tmp_path: Path) -> None:
    with atomic(tmp_path / "a" / "b.txt") as temporary:
        temporary.write_text("x")
    assert (tmp_path / "a" / "b.txt").read_text() == "x"


def test_gzip_carries_no_time_and_no_name(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    assert write_json_lines(path, [{"a": "ü"}, {"b": float("nan")}]) == 2
    data = path.read_bytes()
    assert data[3:8] == b"\0\0\0\0\0"
    assert gzip.decompress(data).decode() == '{"a": "ü"}\n{"b": NaN}\n'


@pytest.mark.parametrize("rows", [[], [{"a": 1}], [{"a": 1}, {"b": 2}]])
def test_an_array_is_one_json_value(tmp_path: Path, rows: list[dict[str, int]]) -> None:
    path = tmp_path / "rows.json"
    assert write_json_array(path, rows) == len(rows)
    assert json.loads(path.read_text()) == rows
