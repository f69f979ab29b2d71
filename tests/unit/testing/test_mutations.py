"""Damage is repeatable, counted, and leaves some good rows to know the file by."""

from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prefdata.testing.mutations import mutate

__all__: list[str] = []

_ROWS = [{"a": number, "b": {"c": ["x", str(number)]}} for number in range(4)]


def _parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(_ROWS), sink)
    return bytes(sink.getvalue())


_FILES = {
    "f.jsonl": b"".join(json.dumps(row).encode() + b"\n" for row in _ROWS),
    "f.json": json.dumps(_ROWS).encode(),
    "f.csv": b'a,b\n1,x\n2,"y\nz"\n3,\n4,""\n',
    "f.parquet": _parquet(),
    "f.txt": b"some\nlines\nof\ntext\n",
}


@pytest.mark.parametrize("name", _FILES)
def test_the_same_seed_is_the_same_damage(name: str) -> None:
    for seed in range(20):
        assert mutate(name, _FILES[name], seed=seed) == mutate(name, _FILES[name], seed=seed)


@pytest.mark.parametrize("name", _FILES)
def test_another_seed_is_other_damage(name: str) -> None:
    found = {mutate(name, _FILES[name], seed=seed)[0] for seed in range(20)}
    assert len(found) > 10
    assert _FILES[name] not in found


@pytest.mark.parametrize("name", _FILES)
def test_no_seed_crashes_and_damaged_rows_are_counted(name: str) -> None:
    for seed in range(300):
        damaged, n_damaged = mutate(name, _FILES[name], seed=seed, copies=3)
        assert damaged
        assert n_damaged > 0
        if not name.endswith(("parquet", "txt")):
            assert n_damaged == 3 * len(_ROWS)


@pytest.mark.parametrize("name", ["f.jsonl", "f.json"])
def test_good_json_rows_come_first_and_most_others_are_damaged(name: str) -> None:
    damaged, _ = mutate(name, _FILES[name], seed=3)
    lines = [line for line in damaged.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    assert [json.loads(line) for line in lines[:4]] == _ROWS
    good = {json.dumps(row).encode() for row in _ROWS}
    changed = [line for line in lines[4:] if line.strip() not in good]
    assert len(changed) > 0.8 * (len(lines) - 4)


def test_good_csv_rows_come_first() -> None:
    damaged, _ = mutate("f.csv", _FILES["f.csv"], seed=0)
    rows = list(csv.reader(io.StringIO(damaged.decode(errors="replace"), newline="")))
    assert rows[:5] == [["a", "b"], ["1", "x"], ["2", "y\nz"], ["3", ""], ["4", ""]]


def test_parquet_loses_columns_names_values_or_bytes() -> None:
    kinds = set()
    for seed in range(40):
        damaged, _ = mutate("f.parquet", _FILES["f.parquet"], seed=seed)
        try:
            table = pq.read_table(pa.BufferReader(damaged))
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            kinds.add("bytes")
        else:
            names = tuple(table.column_names)
            kinds.add("nulls" if names == ("a", "b") else "columns")
    assert kinds == {"bytes", "nulls", "columns"}
