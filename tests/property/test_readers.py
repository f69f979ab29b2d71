"""Whatever stands in a raw file, every row comes out once: as a row or as a reject."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prefdata.core.errors import SourceDriftError
from prefdata.tables import tabular
from prefdata.tables.bundle import RawFile
from prefdata.tables.jsonl import read_json_rows
from prefdata.tables.raw import RawChunk, read_blocks
from prefdata.tables.tabular import read_csv_rows

__all__: list[str] = []

_SCHEMA = pa.schema(
    [
        ("n", pa.int64()),
        ("f", pa.float64()),
        ("s", pa.string()),
        ("l", pa.list_(pa.struct([("x", pa.float64()), ("y", pa.string())]))),
    ]
)
_TEXT = st.text(st.characters(codec="utf-8"), max_size=5)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "y", "z"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_ODD = st.dictionaries(st.sampled_from(["n", "f", "s", "l", "z", "extra", "row"]), _JSON)
_REGULAR = st.fixed_dictionaries(
    {},
    optional={
        "n": st.none() | st.integers(-(2**63), 2**63 - 1),
        "f": st.none()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(-(2**53), 2**53),
        "s": st.none() | _TEXT,
        "l": st.none()
        | st.lists(
            st.none()
            | st.fixed_dictionaries(
                {}, optional={"x": st.none() | st.floats(-9, 9), "y": st.none() | _TEXT}
            ),
            max_size=2,
        ),
    },
)
_LINE = (
    (_ODD | _REGULAR).map(lambda row: json.dumps(row).encode())
    | st.binary(max_size=12).map(lambda line: line.replace(b"\n", b""))
    | st.sampled_from(
        [b"", b" \r", b"null", b"3", b"[1]", b'{"n": 1}{"n": 2}', b'{"n": 1, "n": 2}']
    )
)
_ENDING = st.sampled_from([b"\n", b"\r\n", b"\n\n"])
_BLOCK_BYTES = st.sampled_from([16, 100, 1 << 20])


def _json_chunks(data: bytes, block_bytes: int, name: str = "f.jsonl") -> list[RawChunk]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return list(read_json_rows(RawFile(path, name), _SCHEMA, block_bytes=block_bytes))


def _assert_accounts(chunks: list[RawChunk], n_rows: int) -> None:
    rows: list[int] = []
    for chunk in chunks:
        found = [*chunk.frame["row"], *chunk.rejects["row"]]
        assert len(found) == chunk.rows_in
        assert sorted(found) == list(range(len(rows), len(rows) + chunk.rows_in))
        assert chunk.frame["row"].is_sorted()
        assert chunk.rejects["reason"].null_count() == 0
        rows += found
    assert len(rows) == n_rows


@given(st.lists(_LINE, max_size=12), _ENDING, _BLOCK_BYTES, st.booleans())
def test_every_line_is_a_row_or_a_reject(
    lines: list[bytes], ending: bytes, block_bytes: int, is_packed: bool
) -> None:
    # A file is known by its first row: without a good one, it is another file.
    lines = [b'{"n": 1}', *lines]
    data = ending.join(lines)
    packed, name = (gzip.compress(data), "f.jsonl.gz") if is_packed else (data, "f.jsonl")
    chunks = _json_chunks(packed, max(block_bytes, 16), name)
    _assert_accounts(chunks, sum(1 for line in data.split(b"\n") if line.strip()))


@given(st.binary(max_size=60), _BLOCK_BYTES)
def test_any_bytes_are_read_or_refused(data: bytes, block_bytes: int) -> None:
    try:
        chunks = _json_chunks(data, block_bytes)
    except SourceDriftError:
        return
    _assert_accounts(chunks, sum(chunk.rows_in for chunk in chunks))


@given(st.lists(_REGULAR, min_size=1, max_size=8), _BLOCK_BYTES)
def test_regular_rows_are_read_alike_beside_an_odd_one(
    rows: list[dict[str, Any]], block_bytes: int
) -> None:
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    alone = pl.concat(chunk.frame for chunk in _json_chunks(data, block_bytes))
    beside = pl.concat(chunk.frame for chunk in _json_chunks(data + b'{"z": 0}\n', 1 << 20))
    assert beside[:-1].equals(alone)
    assert alone.height == len(rows)
    array = pl.concat(chunk.frame for chunk in _json_chunks(json.dumps(rows).encode(), 1 << 20))
    assert array.equals(alone)


@given(st.lists(_ODD, min_size=1, max_size=6))
def test_no_value_of_a_kept_row_is_lost(rows: list[dict[str, Any]]) -> None:
    text = json.dumps(rows)
    assume("NaN" not in text and "Infinity" not in text)
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in [{"n": 1}, *rows])
    for chunk in _json_chunks(lines, 1 << 20):
        for found in chunk.frame.to_dicts():
            given_row = [{"n": 1}, *rows][found["row"]]
            extra = json.loads(found["extra"] or "{}")
            assert set(extra) <= set(given_row)
            for key, value in given_row.items():
                if value is not None:
                    assert _strip(value) in (_strip(extra.get(key)), _strip(found.get(key)))


def _strip(value: Any) -> Any:
    """Leave out null members, which a struct adds."""
    if isinstance(value, dict):
        return {key: _strip(item) for key, item in value.items() if item is not None}
    return [_strip(item) for item in value] if isinstance(value, list) else value


@given(st.binary(max_size=200), st.integers(1, 64))
def test_stretches_are_together_the_file(data: bytes, block_bytes: int) -> None:
    assume(data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f"
        path.write_bytes(data)
        try:
            blocks = list(read_blocks(path, file="f", block_bytes=block_bytes))
        except SourceDriftError:
            return
    assert b"".join(blocks) in (data, data.removeprefix(b"\xef\xbb\xbf"))
    assert all(block.endswith(b"\n") for block in blocks[:-1])


_CELL = st.text(st.sampled_from('ab",\n\r ä1'), max_size=5)


@given(rows=st.lists(st.lists(_CELL, min_size=1, max_size=4), min_size=1, max_size=30))
def test_every_csv_row_is_a_row_or_a_reject(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b"], ["first", "row"], *rows])
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tabular, "_CSV_BLOCK_BYTES", 64)
        path = Path(folder) / "f.csv"
        path.write_bytes(file.getvalue().encode())
        chunks = list(read_csv_rows(RawFile(path, "f.csv"), ("a", "b")))
    _assert_accounts(chunks, len(rows) + 1)
    kept = pl.concat(chunk.frame for chunk in chunks).select("row", "a", "b").rows()
    expected = [(i, *row) for i, row in enumerate([["first", "row"], *rows]) if len(row) == 2]
    assert kept == expected
