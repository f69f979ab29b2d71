"""CSV and Parquet rows: all of them, with their numbers, and no type guessed."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prefdata.core.errors import SourceDriftError
from prefdata.tables import tabular
from prefdata.tables.bundle import RawFile
from prefdata.tables.tabular import read_csv_rows, read_parquet_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.tables.raw import RawChunk

__all__: list[str] = []


def _csv(folder: Path, data: bytes, name: str = "f.csv", **options: Any) -> list[RawChunk]:
    path = folder / name
    path.write_bytes(data)
    chunks = list(read_csv_rows(RawFile(path, name), ("a", "b"), **options))
    for chunk in chunks:
        assert chunk.rows_in == chunk.frame.height + chunk.rejects.height
        assert chunk.frame.columns == ["a", "b", "row", "extra"]
    return chunks


def _cells(folder: Path, data: bytes, **options: Any) -> list[tuple[str | None, ...]]:
    chunks = _csv(folder, data, **options)
    return pl.concat(chunk.frame for chunk in chunks).select("a", "b").rows()


@pytest.mark.parametrize(
    ("body", "cells"),
    [
        (b"1,02\n", ("1", "02")),
        (b"true,NaN\n", ("true", "NaN")),
        (b"null,2020-01-01\n", ("null", "2020-01-01")),
        (b',""\n', (None, "")),
        (b'"","x"', ("", "x")),
        (b'"one ""word"", and","two\nlines\r\n"\n', ('one "word", and', "two\nlines\r\n")),
        (" ä ,\N{GRINNING FACE}\r\n".encode(), (" ä ", "\N{GRINNING FACE}")),
    ],
)
@pytest.mark.parametrize("start", [b"a,b\n", b"\xef\xbb\xbfa,b\r\n", b'"a","b"\n\n'])
def test_cells_are_texts_as_written(
    body: bytes, cells: tuple[str | None, str | None], start: bytes, tmp_path: Path
) -> None:
    assert _cells(tmp_path, start + body) == [cells]


def test_other_delimiters_are_read(tmp_path: Path) -> None:
    assert _cells(tmp_path, b"a\tb\n1,5\t2\n", delimiter="\t") == [("1,5", "2")]


def test_a_column_that_is_absent_is_null_and_one_that_is_new_is_kept(tmp_path: Path) -> None:
    (chunk,) = _csv(tmp_path, b'a,z,row,extra\n1,"x""y",,e\n')
    (row,) = chunk.frame.to_dicts()
    assert (row["a"], row["b"], row["row"]) == ("1", None, 0)
    assert json.loads(row["extra"]) == {"z": 'x"y', "row": None, "extra": "e"}


def test_a_row_of_another_width_is_rejected_with_its_text(tmp_path: Path) -> None:
    (chunk,) = _csv(tmp_path, b"a,b\n1,2\n3\n\n4,5,6\n7,8\n")
    assert chunk.frame.select("a", "row").rows() == [("1", 0), ("7", 3)]
    assert chunk.rejects.select("file", "row", "field", "rule", "reason", "raw").rows() == [
        ("f.csv", 1, None, "wrong-cell-count", "1 cells where the header has 2", "3"),
        ("f.csv", 2, None, "wrong-cell-count", "3 cells where the header has 2", "4,5,6"),
    ]


@pytest.mark.parametrize("period", [1, 2, 7, 40])
def test_row_numbers_are_exact_over_all_stretches(
    period: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabular, "_CSV_BLOCK_BYTES", 64)
    rows = [b'%d,"x\ny"' % n if n % period == 0 else b"%d,x,more" % n for n in range(100)]
    rows += [b"%d" % n for n in range(100, 160)]
    chunks = _csv(tmp_path, b"a,b\n" + b"\n".join(rows))
    assert len(chunks) > 3
    kept = pl.concat(chunk.frame for chunk in chunks)
    rejected = pl.concat(chunk.rejects for chunk in chunks)
    assert kept["row"].to_list() == [n for n in range(100) if n % period == 0]
    assert kept["a"].cast(pl.Int64).to_list() == kept["row"].to_list()
    numbers = rejected["raw"].str.extract(r"^(\d+)").cast(pl.Int64)
    assert numbers.to_list() == rejected["row"].to_list()
    assert sorted([*kept["row"], *rejected["row"]]) == list(range(160))


def test_a_row_without_a_required_cell_is_rejected(tmp_path: Path) -> None:
    (chunk,) = _csv(tmp_path, b'a,b\n1,2\n,3\n"",4\n5\n', required=("a", "b"))
    assert chunk.frame.select("a", "row").rows() == [("1", 0), ("", 2)]
    found = chunk.rejects.sort("row").select("row", "field", "rule").rows()
    assert found == [(1, "a", "missing-field"), (3, None, "wrong-cell-count")]
    raw = chunk.rejects.filter(pl.col("row") == 1)["raw"].item()
    assert json.loads(raw) == {"a": None, "b": "3", "extra": None}


def test_a_big_cell_is_read(tmp_path: Path) -> None:
    data = b'a,b\n1,"' + b"x\n" * (1 << 21) + b'"\n2,y\n'
    assert [len(b or "") for _, b in _cells(tmp_path, data)] == [1 << 22, 1]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"a,b\n", "holds no rows"),
        (b"a,b", "cannot be read"),
        (b"a,b\n1\n2,3,4\n", "holds no rows; first: 1 cells"),
        (b"x,y\n1,2\n", "The columns a are missing; the file has x, y"),
        (b"a,b,a\n1,2,3\n", "The header names a twice"),
        (b"a,b\n1,\xff\n", "not UTF-8"),
        (b"a,b\n" + b"1,x\n" * 300_000 + b"1,\xff\n", "invalid UTF8"),
        (b'a,b\n1,"open\n2,x\n', "never closed"),
        (b"<!doctype html><html></html>", "a web page"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_another_csv_file_is_refused(data: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(SourceDriftError, match=reason):
        _csv(tmp_path, data, required=("a",))


def _parquet(folder: Path, table: pa.Table, **options: Any) -> list[RawChunk]:
    path = folder / "f.parquet"
    pq.write_table(table, path)
    return list(read_parquet_rows(RawFile(path, "f.parquet"), **options))


def test_parquet_rows_keep_their_types_and_numbers(tmp_path: Path) -> None:
    table = pa.table({"n": range(25), "l": [[{"x": n}] for n in range(25)]})
    chunks = _parquet(tmp_path, table, batch_rows=10)
    assert [chunk.rows_in for chunk in chunks] == [10, 10, 5]
    frame = pl.concat(chunk.frame for chunk in chunks)
    assert frame["row"].equals(frame["n"].alias("row"))
    assert frame["row"].dtype == pl.Int64()
    assert frame["extra"].to_list() == [None] * 25
    assert frame["l"].to_list() == table["l"].to_pylist()


def test_a_parquet_row_without_a_required_value_is_rejected(tmp_path: Path) -> None:
    table = pa.table({"a": ["x", None, "y", None], "b": [1, 2, None, None], "c": [[1]] * 4})
    first, second = _parquet(tmp_path, table, required=("a", "b"), batch_rows=3)
    assert first.frame["row"].to_list() == [0]
    assert first.rejects.select("row", "field", "rule").rows() == [
        (1, "a", "missing-field"),
        (2, "b", "missing-field"),
    ]
    assert json.loads(first.rejects["raw"][0]) == {"a": None, "b": 2, "c": [1], "extra": None}
    assert second.rejects.select("row", "field").rows() == [(3, "a")]


def test_a_rejected_parquet_row_is_shown_whatever_its_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "a": pa.array([None], pa.string()),
            "bytes": [b"\xff"],
            "inner": [[{"bytes": b"\xff"}]],
            "decimal": [decimal.Decimal("1.5")],
            "time": [dt.datetime(2020, 1, 1, tzinfo=dt.UTC)],
            "word": pa.array(["u"]).dictionary_encode(),
            "nan": [float("nan")],
        }
    )
    (chunk,) = _parquet(tmp_path, table, required=("a",))
    shown = json.loads(chunk.rejects["raw"].item())
    assert set(shown) == {"a", "decimal", "time", "word", "nan", "extra"}


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (pa.table({"b": [1]}), "The columns a are missing; the file has b"),
        (pa.table({"a": pa.array([], pa.string())}), "holds no rows"),
        (pa.table({"a": ["x"], "row": [7], "extra": [1]}), "columns extra, row are not expected"),
        (
            pa.table({"a": pa.StringArray.from_buffers(1, *pa.array([b"\xff"]).buffers()[1:])}),
            "Invalid UTF8",
        ),
    ],
)
def test_a_parquet_file_of_other_content_is_refused(
    table: pa.Table, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceDriftError, match=reason):
        _parquet(tmp_path, table, required=("a",))


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" * 9, b"<html></html>", b"a,b\n1,2\n"])
def test_what_is_no_parquet_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    path.write_bytes(data)
    for place in (path, tmp_path):
        with pytest.raises(SourceDriftError):
            list(read_parquet_rows(RawFile(place, "f.parquet")))


def _damaged(data: bytes, changes: Sequence[tuple[int, int]]) -> bytes:
    damaged = bytearray(data)
    for place, byte in changes:
        damaged[place % len(data)] = byte
    return bytes(damaged)


def test_a_damaged_parquet_file_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"a": ["x", "é"] * 9, "c": [[{"r": "u"}]] * 18}), path)
    data = path.read_bytes()
    for place in range(0, len(data), 3):
        path.write_bytes(_damaged(data, [(place, 0x80 | place % 128), (place * 7, place % 256)]))
        try:
            rows = sum(chunk.rows_in for chunk in read_parquet_rows(RawFile(path, "f.parquet")))
        except SourceDriftError:
            continue
        assert rows == 18
