"""The parts that the adapters for any table share."""

from __future__ import annotations

import bz2
import contextlib
import datetime as dt
import gzip
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import PrefdataError, SourceDriftError
from prefdata.protocols import RawFile
from prefdata.sources._generic.cells import MARK, from_cell, pack, spell
from prefdata.sources._generic.offer import DATA_FORMATS, format_of, select_files, split_of
from prefdata.sources._generic.rows import pieces, read_rows
from prefdata.tables.coerce import Misfit
from prefdata.tables.json_stream import JsonCursor

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_ROWS: list[dict[str, Any]] = [
    {"a": "x", "b": 1, "c": [{"role": "user", "content": "é\u2028"}]},
    {"a": "", "b": 2, "c": [{"role": "user", "content": "\n"}]},
]


def _rows(path: Path, name: str | None = None, **options: Any) -> list[dict[str, Any]]:
    """Return the rows of a file, and check that their positions run on without a gap."""
    rows: list[dict[str, Any]] = []
    places: list[int] = []
    for stretch in read_rows(RawFile(path, name or path.name), **options):
        if stretch.frame is not None:
            rows += stretch.frame.to_dicts()
            places += range(stretch.first_row, stretch.first_row + stretch.frame.height)
        rows += [row for _, row in stretch.values]
        places += [place for place, _ in stretch.values]
        places += [reject.row for reject in stretch.rejects]
    assert sorted(places) == list(range(len(places)))
    return rows


def _write_stream(path: Path) -> None:
    table = pa.Table.from_pylist(_ROWS)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def _write_arrow(path: Path) -> None:
    table = pa.Table.from_pylist(_ROWS)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.parquet", lambda path: pq.write_table(pa.Table.from_pylist(_ROWS), path)),
        ("data-00000-of-00001.arrow", _write_stream),
        ("t.arrow", _write_arrow),
        ("t.jsonl", lambda path: path.write_bytes(_lines(_ROWS))),
        ("t.jsonl.gz", lambda path: path.write_bytes(gzip.compress(_lines(_ROWS)))),
        ("t.ndjson.bz2", lambda path: path.write_bytes(bz2.compress(_lines(_ROWS)))),
        ("t.jsonl.zst", lambda path: _write_compressed(path, "zstd")),
        ("t.json", lambda path: path.write_text(json.dumps(_ROWS, indent=1))),
        ("bom.json", lambda path: path.write_text("\ufeff" + json.dumps(_ROWS))),
        ("lines.json", lambda path: path.write_bytes(_lines(_ROWS))),
    ],
)
def test_every_format_gives_the_same_rows(
    name: str, write: Callable[[Path], Any], tmp_path: Path
) -> None:
    path = tmp_path / name
    write(path)
    assert _rows(path) == _ROWS


def _write_compressed(path: Path, codec: str) -> None:
    with pa.output_stream(str(path), compression=codec) as sink:
        sink.write(_lines(_ROWS))


def test_cells_of_a_csv_are_strings_in_every_row_that_has_them_all(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'row,extra\n1,"a\nb"\n2\n\n,\n')
    assert _rows(path) == [{"row": "1", "extra": "a\nb"}, {"row": "", "extra": ""}]
    [stretch] = read_rows(RawFile(path, "t.csv"))
    [reject] = stretch.rejects
    assert (reject.row, reject.rule) == (1, "wrong-cell-count")


@pytest.mark.parametrize(
    "rows",
    [
        [{"a": 1}, {"a": None}, {}],
        [{"a": 0.5}, {"a": 2**53 + 1}],
        [{"a": 1}, {"a": 0.5}],
        [{"a": [{"b": 1}]}, {"a": [{"c": 1}]}],
        [{"a": "x"}, {"a": ["x"]}],
        [{"a": 10**30}, {"a": True}],
    ],
)
def test_json_rows_that_differ_in_shape_stay_exact(
    rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(_lines(rows))
    found = _rows(path)
    assert found == rows
    assert [row.keys() for row in found] == [row.keys() for row in rows]


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
_OBJECTS = st.lists(
    st.dictionaries(st.sampled_from("abc"), _JSON, max_size=3), min_size=1, max_size=6
)


@given(_OBJECTS, st.sampled_from([32, 1 << 20]))
def test_any_json_rows_come_back_as_they_are(rows: list[dict[str, Any]], block_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.jsonl"
        path.write_bytes(_lines(rows))
        assert _rows(path, block_bytes=block_bytes) == rows


@given(st.lists(_JSON, max_size=5), st.integers(1, 40), st.sampled_from([None, 2]))
def test_a_json_array_is_read_item_by_item(
    items: list[Any], read_bytes: int, indent: int | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.json"
        path.write_text(json.dumps(items, indent=indent, ensure_ascii=False), encoding="utf-8")
        with JsonCursor(RawFile(path, "t.json"), read_bytes=read_bytes) as cursor:
            assert list(cursor.items()) == items
            cursor.finish()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.json", b"[1, 2"),
        ("t.json", b"[{}] x"),
        ("t.json", b'[{"a" 1}]'),
        ("t.json", b'["\xff"]'),
        ("t.json", b"[" * 100_000),
        ("t.jsonl", b""),
        ("t.jsonl", b"\n\n"),
        ("t.jsonl", b"<!DOCTYPE html><html>"),
        ("t.jsonl.gz", b"\x1f\x8b\x08\x00cut"),
        ("t.csv", b"a,a\n1,2\n"),
        ("t.csv", b'a,b\n1,"2\n'),
        ("t.csv", b"a,b\n1,\xff\n"),
        ("t.parquet", b"PAR1 no PAR1"),
        ("t.arrow", b"ARROW1 no"),
        ("t.arrow", b"\x00\x01"),
    ],
)
def test_a_damaged_file_is_an_error_that_names_it(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceDriftError) as caught:
        _rows(path)
    assert name in str(caught.value.where)


@given(st.binary(max_size=60), st.sampled_from(DATA_FORMATS))
def test_no_bytes_raise_anything_but_our_errors(data: bytes, kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"t.{kind}"
        path.write_bytes(data)
        with contextlib.suppress(PrefdataError):
            _rows(path)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("data/train-00000-of-00002.parquet", "train"),
        ("data/test_prefs-00000-of-00001.parquet", "test_prefs"),
        ("train/data-00000-of-00001.arrow", "train"),
        ("data-00000-of-00001.arrow", None),
        ("helpful/test.jsonl.gz", "test"),
        ("train-1000.jsonl", None),
        ("train/part.jsonl", None),
        ("pairs.csv", None),
    ],
)
def test_a_split_is_read_where_a_name_states_it(name: str, split: str | None) -> None:
    assert split_of(name) == split


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.JSONL.gz", "jsonl"), ("v1.2.csv", "csv"), ("a.parquet", "parquet"), ("README", "")],
)
def test_the_format_stands_in_the_name(name: str, kind: str) -> None:
    assert format_of(name) == kind


def _offered(*names: str) -> list[RawFile]:
    return [RawFile(Path("/nowhere") / name, name) for name in names]


def test_files_beside_the_data_are_left_out() -> None:
    beside = ["README.md", ".gitattributes", "train/state.json", "dataset_infos.json", "LICENSE"]
    chosen = select_files(_offered("b.csv", *beside, "a.jsonl"), DATA_FORMATS, source="x")
    assert [raw.name for raw in chosen] == ["a.jsonl", "b.csv"]


@pytest.mark.parametrize("names", [(), ("README.md",), ("a.csv", "weights.bin")])
def test_nothing_understood_is_an_error(names: tuple[str, ...]) -> None:
    with pytest.raises(SourceDriftError):
        select_files(_offered(*names), DATA_FORMATS, source="x")


def test_json_has_one_spelling() -> None:
    assert spell({"b": 8.0, "a": [1e-7, True, None, "é"]}) == '{"a":[1e-07,true,null,"é"],"b":8}'
    assert spell(dt.date(2026, 1, 2)) == '"2026-01-02"'
    assert spell(b"ab") == '"YWI="'
    with pytest.raises(Misfit):
        spell("\ud800")


def test_a_field_with_our_name_is_kept() -> None:
    assert json.loads(pack({MARK: 1}, {}))[MARK] == {"cells": {}, "field": 1}


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        (3, "wrong-type"),
        (["text"], "wrong-type"),
        ([{"content": "no role"}], "missing-field"),
        ([{"role": "narrator", "content": ""}], "unknown-value"),
        ([{"role": "user"}], "missing-field"),
        ([{"role": "user", "content": [{"type": "image", "url": "u"}]}], "not-text"),
        ([{"role": "user", "content": 3}], "wrong-type"),
        ("\ud800", "not-unicode"),
    ],
)
def test_what_is_no_message_is_rejected(cell: Any, rule: str) -> None:
    with pytest.raises(Misfit) as caught:
        from_cell(cell, "prompt", "prompt", role="user")
    assert caught.value.rule == rule
    assert caught.value.field == "prompt"


def test_a_stretch_of_parquet_keeps_its_types(tmp_path: Path) -> None:
    frame = pl.DataFrame({"at": [dt.datetime(2026, 1, 2, tzinfo=dt.UTC)], "x": [b"\x00"]})
    frame.write_parquet(tmp_path / "t.parquet")
    assert _rows(tmp_path / "t.parquet") == frame.to_dicts()


def test_pieces_of_a_stretch_hold_its_rows_and_rejects_once(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    cases: list[list[Any]] = [[{"a": 1}] * 5, [{"a": 1}, {}, 7, {"a": None}, {}], [7]]
    for rows in cases:
        path.write_bytes(_lines(rows))
        [stretch] = read_rows(RawFile(path, "t.jsonl"))
        parts = list(pieces(stretch, 2))
        assert sum(part.rows_in for part in parts) == stretch.rows_in == len(rows)
        assert [reject for part in parts for reject in part.rejects] == [*stretch.rejects]
        assert [value for part in parts for value in part.values] == [*stretch.values]
        if stretch.frame is not None:
            frames = [part.frame for part in parts if part.frame is not None]
            assert pl.concat(frames).equals(stretch.frame)
            assert [part.first_row for part in parts] == [0, 2, 4]
