"""JSON rows: all of them, with their numbers, from the fast reader and the careful one alike."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest

from prefdata.core.errors import SourceDriftError
from prefdata.tables import jsonl
from prefdata.tables.bundle import RawFile
from prefdata.tables.jsonl import count_objects, read_json_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.tables.raw import RawChunk

__all__: list[str] = []

_ITEM = pa.struct([("x", pa.float64()), ("y", pa.string())])
_SCHEMA = pa.schema(
    [("n", pa.int64()), ("s", pa.string()), ("f", pa.float64()), ("l", pa.list_(_ITEM))]
)
_GOOD = b'{"n": 1, "s": "a", "f": 0.5, "l": [{"x": 1.5, "y": "b"}]}\n'


def _chunks(folder: Path, data: bytes, name: str = "f.jsonl", **options: Any) -> list[RawChunk]:
    path = folder / name
    path.write_bytes(data)
    chunks = list(read_json_rows(RawFile(path, name), _SCHEMA, **options))
    for chunk in chunks:
        assert chunk.rows_in == chunk.frame.height + chunk.rejects.height
        assert chunk.frame.columns == [*_SCHEMA.names, "row", "extra"]
    return chunks


def _frame(chunks: Sequence[RawChunk]) -> pl.DataFrame:
    return pl.concat(chunk.frame for chunk in chunks)


def _rejects(chunks: Sequence[RawChunk]) -> list[tuple[int, str | None, str]]:
    rejects = pl.concat(chunk.rejects for chunk in chunks)
    return rejects.select("row", "field", "rule").rows()


def _kept(folder: Path, *lines: bytes, **options: Any) -> list[dict[str, Any]]:
    chunks = _chunks(folder, b"\n".join([*lines, b""]), **options)
    return _frame(chunks).to_dicts()


@pytest.mark.parametrize(
    "rows",
    [
        [{"n": 1, "s": "ä\n\u0000", "f": 1, "l": []}, {"n": None}, {}, {"l": None}],
        [{"l": [{"x": None}, None, {"x": 2, "y": ""}]}, {"f": -0.0}, {"f": 1e-300, "n": -(2**63)}],
        [{"n": 2**53 + 1, "f": 2**53 - 1}, {"s": "\N{GRINNING FACE}"}, {"f": 0.1 + 0.2}],
    ],
)
def test_both_readers_give_the_same_rows(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    regular = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    assert jsonl._fast(regular, _SCHEMA, first_row=0, required=(), is_nan_known=False) is not None
    fast = _frame(_chunks(tmp_path, regular))
    slow = _frame(_chunks(tmp_path, regular + b'{"odd": 1}\n'))
    assert slow["extra"][-1] == '{"odd": 1}'
    assert slow[:-1].equals(fast)
    assert slow.schema == fast.schema


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + _GOOD * 3,
        (_GOOD * 3).replace(b"\n", b"\r\n"),
        b"\n \t\n" + _GOOD + b"\r\n\n" + _GOOD * 2 + b"\n\n",
        (_GOOD * 3).rstrip(),
        b"[" + b",".join([_GOOD] * 3) + b"]",
        b"\xef\xbb\xbf \n[" + b" ,\r\n".join([_GOOD] * 3) + b"]\n\n",
    ],
)
@pytest.mark.parametrize("block_bytes", [16, 1 << 20])
def test_the_dress_of_a_file_does_not_count(data: bytes, block_bytes: int, tmp_path: Path) -> None:
    plain = _frame(_chunks(tmp_path, _GOOD * 3))
    assert _frame(_chunks(tmp_path, data, block_bytes=block_bytes)).equals(plain)
    packed = _chunks(tmp_path, gzip.compress(data), "f.jsonl.gz", block_bytes=block_bytes)
    assert _frame(packed).equals(plain)


@pytest.mark.parametrize("n_between", [0, 1, 5])
@pytest.mark.parametrize("block_bytes", [64, 150, 1 << 20])
def test_row_numbers_are_exact_over_all_stretches(
    n_between: int, block_bytes: int, tmp_path: Path
) -> None:
    lines = [b'{"n": %d}' % number if number % 7 else b"broken" for number in range(1, 60)]
    data = (b"\n" * (n_between + 1)).join(lines)
    chunks = _chunks(tmp_path, data, block_bytes=block_bytes)
    kept = _frame(chunks)
    assert (kept["n"] - 1).equals(kept["row"].alias("n"))
    assert [row for row, _, _ in _rejects(chunks)] == list(range(6, 59, 7))
    assert sum(chunk.rows_in for chunk in chunks) == 59


@pytest.mark.parametrize(
    ("line", "field", "rule", "reason"),
    [
        (b'{"n": 1', None, "invalid-json", "not JSON"),
        (_GOOD.strip() * 2, None, "invalid-json", "Extra data"),
        (b'{"s": "\xff"}', None, "invalid-json", "codec can't decode byte 0xff"),
        (b'{"s": "\xed\xa0\x80"}', None, "invalid-json", "codec can't decode"),
        (b'{"n": 1}'.decode().encode("utf-16-be"), None, "invalid-json", "not JSON"),
        (b'{"n": 0' + b"1" * 5000 + b"}", None, "invalid-json", "not JSON"),
        (b'{"z": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", None, "invalid-json", "recursion"),
        (b"[1, 2]", None, "wrong-type", "this is list"),
        (b"null", None, "wrong-type", "this is NoneType"),
        (b'{"s": 3}', "s", "wrong-type", "s is 3, expected string"),
        (b'{"s": "\\ud800"}', "s", "wrong-type", "expected string"),
        (b'{"n": 9223372036854775808}', "n", "wrong-type", "n is 9223372036854775808"),
        (b'{"n": 1e400}', "n", "wrong-type", "n is inf"),
        (b'{"f": 9007199254740993}', "f", "wrong-type", "f is 9007199254740993"),
        (b'{"l": [{"x": 9007199254740993}]}', "l", "wrong-type", r"l\[0\].x is 9007199254740993"),
        (b'{"l": {"x": 1}}', "l", "wrong-type", "expected list"),
        (b'{"n": 1, "n": 1}', None, "duplicate-key", "holds the key 'n' twice"),
        (b'{"l": [{"x": 1, "x": 2}]}', None, "duplicate-key", "holds the key 'x' twice"),
    ],
)
@pytest.mark.parametrize("has_odd_neighbour", [False, True])
def test_a_row_that_does_not_fit_is_rejected_with_its_reason(
    line: bytes,
    field: str | None,
    rule: str,
    reason: str,
    has_odd_neighbour: bool,
    tmp_path: Path,
) -> None:
    neighbour = b'{"odd": 1}\n' if has_odd_neighbour else _GOOD
    chunks = _chunks(tmp_path, _GOOD + line + b"\n" + neighbour)
    assert _rejects(chunks) == [(1, field, rule)]
    assert _frame(chunks)["row"].to_list() == [0, 2]
    reject = chunks[0].rejects.row(0, named=True)
    assert pl.Series([reject["reason"]]).str.contains(reason).all()
    assert reject["file"] == "f.jsonl"
    assert reject["raw"] == line.decode(errors="replace")[:4096]


@pytest.mark.parametrize("line", [b"null", b" null", b"\rnull", b"\t\r null\r"])
@pytest.mark.parametrize("n_before", [0, 1])
def test_a_null_where_a_row_should_be_is_a_reject_and_not_the_end_of_the_process(
    line: bytes, n_before: int, tmp_path: Path
) -> None:
    chunks = _chunks(tmp_path, _GOOD * n_before + line + b"\n" + _GOOD)
    assert _rejects(chunks) == [(n_before, None, "wrong-type")]


def test_two_rows_on_one_line_and_a_blank_one_do_not_make_two_lines(tmp_path: Path) -> None:
    chunks = _chunks(tmp_path, b'{"n": 1}\n\n{"n": 2}{"n": 3}\n{"n": 4}\n')
    assert _rejects(chunks) == [(1, None, "invalid-json")]
    assert _frame(chunks).select("n", "row").rows() == [(1, 0), (4, 2)]


def test_no_depth_of_nesting_is_a_crash(tmp_path: Path) -> None:
    depths = range(900, 1010)
    lines = [b'{"z": ' + b"[" * depth + b"]" * depth + b"}" for depth in depths]
    data = _GOOD + b"\n".join(lines) + b"\n"
    (chunk,) = _chunks(tmp_path, data)
    assert chunk.rows_in == len(depths) + 1
    shallow = b'{"z": ' + b"[" * 500 + b"]" * 500 + b"}"
    array = b"[" + _GOOD + b"," + shallow + b"]"
    assert sum(chunk.rows_in for chunk in _chunks(tmp_path, array)) == 2


@pytest.mark.parametrize("other", [b'{"n": 2}', b'{"odd": 1}'])
def test_what_json_does_not_know_is_null(other: bytes, tmp_path: Path) -> None:
    line = b'{"n": 1, "f": NaN, "l": [{"x": NaN}]}'
    first = _kept(tmp_path, line, other)[0]
    assert first == {"n": 1, "s": None, "f": None, "l": [{"x": None, "y": None}]} | {
        "row": 0,
        "extra": None,
    }


def test_an_adapter_that_brings_rows_into_shape_finds_what_json_does_not_know(
    tmp_path: Path,
) -> None:
    rows = _kept(tmp_path, b'{"f": NaN}', b'{"f": 2}', normalize=dict)
    assert str(rows[0]["f"]) == "nan"


def test_numbers_widen_where_nothing_is_lost(tmp_path: Path) -> None:
    rows = _kept(tmp_path, b'{"n": 3.0, "f": 2}', b'{"n": 1e3}', b'{"n": 9007199254740993}')
    assert [row["n"] for row in rows] == [3, 1000, 2**53 + 1]
    assert rows[0]["f"] == 2.0


def test_unknown_fields_are_kept_in_extra_at_every_depth(tmp_path: Path) -> None:
    nested = {"l": [{"x": 1.0, "new": [1, {"deep": None}]}]}
    rows = _kept(
        tmp_path, b'{"n": 1, "b": NaN, "a": "\\ud800"}', json.dumps(nested).encode(), b'{"n": 2}'
    )
    assert rows[0]["extra"] == '{"a": "\\ud800", "b": null}'
    assert json.loads(rows[1]["extra"]) == nested
    assert rows[1]["l"] == [{"x": 1.0, "y": None}]
    assert rows[2]["extra"] is None


@pytest.mark.parametrize("line", [b'{"n": 1}', b'{"n": 1, "s": null}'])
def test_a_row_without_a_required_field_is_rejected(line: bytes, tmp_path: Path) -> None:
    chunks = _chunks(tmp_path, _GOOD + line, required=("s",))
    assert _rejects(chunks) == [(1, "s", "missing-field")]


def test_odd_rows_are_brought_into_shape_and_regular_ones_left_alone(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    def normalize(row: dict[str, Any]) -> dict[str, Any]:
        seen.append(row)
        return {"n": row.pop("number", None)} | row

    rows = _kept(tmp_path, b'{"n": 1}', b'{"n": 2}', normalize=normalize)
    assert not seen
    rows = _kept(tmp_path, b'{"number": 1}', b'{"n": 2}', normalize=normalize)
    assert [row["n"] for row in rows] == [1, 2]
    assert len(seen) == 2


def test_a_very_long_line_is_read(tmp_path: Path) -> None:
    text = "x" * (50 << 20)
    data = json.dumps({"s": text}).encode() + b"\n" + _GOOD
    frame = _frame(_chunks(tmp_path, data))
    assert frame["s"].str.len_bytes().to_list() == [len(text), 1]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\n \n\r\n", "The file holds no rows"),
        (b"[]", "The file holds no rows"),
        (b"[ \n", "breaks off"),
        (b"a,b\n1,2\n", "No row of the first 2 fits; first: not JSON"),
        (b'{"q": 1}\n' * 5, "No row of the first 5 fits; first: the field 'n' is missing"),
        (b'[{"q": 1}]', "No row of the first 1 fits"),
        ('{"n": 1}\n{"n": 2}\n'.encode("utf-16-le"), "No row of the first"),
        (b'[{"n": 1}, {"n": 2', "breaks off"),
        (b'[{"n": 1}, {"n": 2}', "the file ends"),
        (b'[{"n": 1}]\n{"n": 2}\n', "Something follows"),
        (b'[{"n": 1}, {"s": "\xff"}]', "not UTF-8"),
        (b'[{"n": 1}, ' + b"[" * 100_000, "nests too deeply"),
    ],
)
def test_another_file_is_refused(data: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(SourceDriftError, match=reason) as caught:
        _chunks(tmp_path, data, required=("n",))
    assert str(caught.value.where).startswith("f.jsonl")


def test_rows_of_an_array_are_rejected_one_by_one(tmp_path: Path) -> None:
    data = b'[{"n": 1}, 3, {"n": "x", "z": 1}, {"n": 2, "n": 3}, {"n": 4, "z": NaN}]'
    chunks = _chunks(tmp_path, data)
    assert _rejects(chunks) == [
        (1, None, "wrong-type"),
        (2, "n", "wrong-type"),
        (3, None, "duplicate-key"),
    ]
    assert chunks[0].rejects["raw"].to_list() == ["3", '{"n": "x", "z": 1}', '{"n": 2, "n": 3}']
    assert _frame(chunks).select("n", "row", "extra").rows() == [
        (1, 0, None),
        (4, 4, '{"z": null}'),
    ]


@pytest.mark.parametrize("n_rows", [1, 4, 5, 8, 9])
def test_an_array_is_read_in_stretches(
    n_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "_ARRAY_CHUNK_ROWS", 4)
    chunks = _chunks(tmp_path, json.dumps([{"n": n} for n in range(n_rows)]).encode())
    assert [chunk.rows_in for chunk in chunks] == [4] * (n_rows // 4) + [n_rows % 4] * (
        n_rows % 4 > 0
    )
    assert _frame(chunks)["row"].to_list() == list(range(n_rows))
    assert _frame(chunks)["n"].to_list() == list(range(n_rows))


@pytest.mark.parametrize(
    ("block", "n_objects"),
    [
        (b"", 0),
        (b'{}\n{"a": 1}', 2),
        (b"\n\r\n{}\r\n\n", 1),
        (b"{}\nnull\n", None),
        (b"{}\n {}\n", None),
        (b"\rnull\n", None),
    ],
)
def test_lines_are_counted_where_all_of_them_are_objects(
    block: bytes, n_objects: int | None
) -> None:
    assert count_objects(block) == n_objects
