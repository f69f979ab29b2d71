from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.errors import DataError, PrefdataError, UserError
from prefdata.texts.evaluation import ITEM_COLUMNS, read_items

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_ROWS: list[dict[str, Any]] = [
    {"key": "q1", "question": "What is it?", "choices": ["a thing", "a being"], "year": 1999},
    {"key": "q2", "question": None, "choices": [], "year": 2001},
]


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def _write(path: Path) -> None:
    """Write `_ROWS` in the form that the name of the file says."""
    frame = pl.DataFrame(_ROWS)
    name = path.name.removesuffix(".gz")
    if name.endswith(("jsonl", "ndjson")):
        data = b"\xef\xbb\xbf" + _lines(_ROWS)
    elif name == "lines.json":
        data = _lines(_ROWS)
    elif name == "held.json":
        data = json.dumps({"version": "1", "data": _ROWS}).encode()
    elif name.endswith("json"):
        data = json.dumps(_ROWS).encode()
    elif name.endswith("parquet"):
        frame.write_parquet(path)
        return
    elif name == "stream.arrow":
        frame.write_ipc_stream(path)
        return
    else:
        frame.write_ipc(path)
        return
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)


def _items(path: Path, **how: Any) -> list[tuple[str, str, str | None]]:
    found = read_items(path, name=f"somewhere/{path.name}", **how)
    assert dict(found.schema) == ITEM_COLUMNS
    return found.rows()


@pytest.mark.parametrize(
    "name",
    [
        "a.jsonl", "a.ndjson.gz", "a.json", "lines.json", "held.json", "a.json.gz", "a.parquet",
        "stream.arrow", "a.arrow", "a.feather", "a.ipc",
    ],
)  # fmt: skip
def test_all_forms_give_the_same_items(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    _write(path)
    assert _items(path, columns=["question", "choices"], id_column="key") == [
        ("q1", "question", "What is it?"),
        ("q2", "question", None),
        ("q1", "choices", "a thing\n\na being"),
        ("q2", "choices", ""),
    ]
    assert {row[1] for row in _items(path)} == {"key", "question", "choices"}


@pytest.mark.parametrize(("name", "comma"), [("a.csv", ","), ("a.tsv", "\t"), ("a.csv.gz", ",")])
def test_tables_of_commas_and_tabs_are_read_as_text(name: str, comma: str, tmp_path: Path) -> None:
    data = f'n{comma}q\n007{comma}"One,\ttwo\nthree"\n'.encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert _items(path, id_column="n", columns=["q"]) == [("007", "q", "One,\ttwo\nthree")]


def test_items_without_a_name_are_called_by_file_and_row(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(_lines([{"q": "x", "k": None}, {"q": "y", "k": 5}]))
    assert [row[0] for row in _items(path)] == ["a.jsonl:0", "a.jsonl:1"]
    assert [row[:2] for row in _items(path, id_column="k")] == [("a.jsonl:0", "q"), ("5", "q")]


def test_what_names_an_item_is_its_text_only_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(_lines([{"q": "x", "k": "One"}]))
    assert _items(path, id_column="k") == [("One", "q", "x")]
    assert _items(path, id_column="k", columns=["k"]) == [("One", "k", "One")]


@pytest.mark.parametrize("field", ["content", "value"])
def test_messages_are_texts(field: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(_lines([{"m": [{"role": "user", field: "Hi"}, {"role": "x", field: "Ho"}]}]))
    assert _items(path) == [("a.jsonl:0", "m", "Hi\n\nHo")]


def test_texts_keep_nul_and_survive_half_a_surrogate(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.json"):
        path = tmp_path / name
        path.write_bytes(b'{"a": "x \\u0000 y \\ud800 z"}')
        (text,) = [row[2] for row in _items(path)]
        assert text is not None
        assert text.startswith("x \0 y")


def test_texts_may_be_coded_as_categories(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    frame = pl.DataFrame({"c": ["x"], "e": ["y"]})
    frame.cast({"c": pl.Categorical(), "e": pl.Enum(["y"])}).write_parquet(path)
    assert [row[1:] for row in _items(path)] == [("c", "x"), ("e", "y")]


def test_the_ending_may_stand_in_the_address_alone(tmp_path: Path) -> None:
    path = tmp_path / "0a1b2c"
    path.write_bytes(_lines([{"q": "x"}]))
    assert read_items(path, name="https://x.org/a.jsonl")["item"].to_list() == ["a.jsonl:0"]


@pytest.mark.parametrize(
    ("name", "data", "how", "kind", "says"),
    [
        ("a.txt", b"x", {}, UserError, "does not say what form"),
        ("a.jsonl", b'{"q": "x"}', {"columns": ["quest"]}, UserError, "no column 'quest'"),
        ("a.jsonl", b'{"q": "x"}', {"id_column": "id"}, UserError, "no column 'id'"),
        ("a.jsonl", b'{"q": 1}', {"columns": ["q"]}, UserError, "holds no text, but Int64"),
        ("a.jsonl", b'{"q": 1}', {}, UserError, "no column of text"),
        ("a.jsonl", b'{"q": "x", "k": [1]}', {"id_column": "k"}, UserError, "cannot name items"),
        ("a.jsonl", b"", {}, DataError, "no rows"),
        ("a.json", b"[]", {}, DataError, "cannot be read|no rows"),
        ("a.csv", b" \n", {}, DataError, "no rows"),
        ("a.csv", b"q,r\n", {}, DataError, "no rows"),
        ("a.csv", b"q\nx,y,z\n", {}, DataError, "cannot be read as CSV"),
        ("a.jsonl", b'{"q": "x"\n{"q": "y"}\n', {}, DataError, "cannot be read as JSON Lines"),
        ("a.jsonl", b'{"q": "\xff"}\n', {}, DataError, "cannot be read as JSON Lines"),
        ("a.jsonl", b"[1]\n[2]\n", {}, DataError, "cannot be read as JSON Lines"),
        ("a.json", b"3", {}, DataError, "neither a list of objects"),
        ("a.json", b'{"q": ', {}, DataError, "cannot be read as JSON"),
        ("a.parquet", b"PAR1", {}, DataError, "cannot be read as Parquet"),
        ("a.arrow", b"ARROW1", {}, DataError, "cannot be read as Arrow"),
        ("a.arrow", b"x", {}, DataError, "cannot be read as Arrow"),
        ("a.jsonl.gz", b"\x1f\x8b\x08", {}, DataError, "cannot be read"),
    ],
)
def test_what_is_no_table_of_texts_is_refused_by_name(
    name: str,
    data: bytes,
    how: dict[str, Any],
    kind: type[PrefdataError],
    says: str,
    tmp_path: Path,
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(kind, match=says) as caught:
        read_items(path, name=f"eval/{name}", **how)
    assert caught.value.where == f"eval/{name}"
    assert caught.value.fix


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such evaluation file"):
        read_items(tmp_path / "a.jsonl", name="a.jsonl")
    with pytest.raises(UserError, match="no such evaluation file"):
        read_items(tmp_path, name="a.jsonl")


def test_a_wrong_column_brings_the_right_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"question": "x"}')
    with pytest.raises(UserError) as caught:
        read_items(path, name="a.jsonl", columns=["questions"])
    assert "Did you mean 'question'?" in str(caught.value.fix)


def test_a_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "quiz.jsonl"
    path.write_text('{"question": "one"}\n\n{"question": "two"\n{"question": "three"}\n')
    with pytest.raises(DataError, match="line 3 is no JSON"):
        read_items(path, name="quiz.jsonl")
