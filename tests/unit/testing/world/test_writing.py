"""Files appear whole or not at all."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prefdata.testing.world.writing import RawFiles, atomic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__: list[str] = []


def _breaks() -> Iterator[dict[str, int]]:
    yield {"a": 1}
    raise RuntimeError("half way")


def _write_half(folder: Path, name: str) -> None:
    with RawFiles(folder) as files:
        files.lines("other.jsonl", [{"b": 0}])
        files.lines(name, _breaks())


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with RawFiles(tmp_path) as files:
        files.lines(path.name, [{"a": 0}])
    with pytest.raises(RuntimeError, match="half way"):
        _write_half(tmp_path, path.name)
    assert path.read_text() == '{"a": 0}\n'
    assert list(tmp_path.iterdir()) == [path]


def test_atomic_makes_the_folder(tmp_path: Path) -> None:
    with atomic(tmp_path / "a" / "b.txt") as temporary:
        temporary.write_text("x")
    assert (tmp_path / "a" / "b.txt").read_text() == "x"


def test_gzip_carries_no_time_and_no_name(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    with RawFiles(tmp_path) as files:
        files.lines(path.name, [{"a": "ü"}])
        files.lines(path.name, [{"b": float("nan")}])
    assert files.rows == {path.name: 2}
    data = path.read_bytes()
    assert data[3:8] == b"\0\0\0\0\0"
    assert gzip.decompress(data).decode() == '{"a": "ü"}\n{"b": NaN}\n'


@pytest.mark.parametrize("rows", [[], [{"a": 1}], [{"a": 1}, {"b": 2}]])
def test_an_array_is_one_json_value(tmp_path: Path, rows: list[dict[str, int]]) -> None:
    path = tmp_path / "rows.json"
    with RawFiles(tmp_path) as files:
        files.array(path.name, rows)
        files.array(path.name, rows)
    assert files.rows == {path.name: 2 * len(rows)}
    assert json.loads(path.read_text()) == rows + rows


def test_csv_is_what_the_standard_writer_makes(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["a", 'say "hi"', "one, two", "line\nline", "", 2**60, True, "ü"],
        ["'", '"', ",", "\n", " b ", -1, False, "हि"],
    ]
    with RawFiles(tmp_path) as files:
        for row in rows:
            files.csv("t.csv", list("abcdefgh"), [row])
    assert files.rows == {"t.csv": 2}
    expected = io.StringIO()
    writer = csv.writer(expected, lineterminator="\n")
    writer.writerows([list("abcdefgh"), *rows])
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == expected.getvalue()


def test_tables_follow_each_other_in_row_groups_of_their_own(tmp_path: Path) -> None:
    told: list[int] = []
    with RawFiles(tmp_path, told.append) as files:
        for n in (5, 2):
            files.table("t.parquet", pa.table({"n": list(range(n))}), row_group_size=3)
    file = pq.ParquetFile(tmp_path / "t.parquet")
    assert [file.metadata.row_group(i).num_rows for i in range(3)] == [3, 2, 2]
    assert file.read()["n"].to_pylist() == [0, 1, 2, 3, 4, 0, 1]
    assert told == [5, 7]
