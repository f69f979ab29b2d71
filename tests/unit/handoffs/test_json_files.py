"""Files of JSON as tools write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.core.errors import DataError
from prefdata.handoffs._json_files import BadLine, no_known_shape, read_items

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "x.json"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "items"),
    [
        (b"[1, 2]", [1, 2]),
        (b"[]", []),
        (b'{"records": [1], "exported_at": "now"}', [1]),
        (b'{"tasks": [], "total": 0}', []),
        (b'{"items": [{"a": 1}]}', [{"a": 1}]),
        (b'{"a": 1}', [{"a": 1}]),
        (b'{"id": ["x", "y"], "v": [1], "n": 0}', [{"id": "x", "v": 1}, {"id": "y"}]),
        (b'\xef\xbb\xbf[{"a": "\xc3\xa9"}]', [{"a": "é"}]),
        ('["é"]'.encode("utf-16"), ["é"]),
        (b'{"a": 1}\r\n\r\n{"a": "\\u2028"}\n', [{"a": 1}, {"a": "\u2028"}]),
    ],
)
def test_arrays_envelopes_columns_and_lines_are_read(
    tmp_path: Path, data: bytes, items: list[object]
) -> None:
    assert read_items(_file(tmp_path, data), tool="T").items == items


def test_what_is_around_the_items_is_kept(tmp_path: Path) -> None:
    found = read_items(_file(tmp_path, b'{"records": [1], "exported_at": "now"}'), tool="T")
    assert found.envelope == {"exported_at": "now"}


def test_a_broken_line_among_lines_is_an_item(tmp_path: Path) -> None:
    data = b'{"a": 1}\n{"a": \n{"a": 3}\n' + b'{"a":' * 100_000
    items = read_items(_file(tmp_path, data), tool="T").items
    assert items[0] == {"a": 1}
    assert isinstance(items[1], BadLine)
    assert items[2] == {"a": 3}
    assert isinstance(items[3], BadLine)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", "x.json"),
        (b" \n", "x.json"),
        (b'[{"a": 1},\n {"a"', "line 2, column 6"),
        (b"<html>", "line 1, column 1"),
        (b"[" * 100_000, "x.json"),
        (b"[1" + b"0" * 5_000 + b"]", "x.json"),
        (b'["\xff"]', "byte 2"),
    ],
)
def test_what_is_no_json_says_where_and_what_to_do(tmp_path: Path, data: bytes, where: str) -> None:
    with pytest.raises(DataError) as caught:
        read_items(_file(tmp_path, data), tool="The tool")
    assert where in (caught.value.where or "")
    assert "The tool" in (caught.value.fix or "")


def test_a_file_that_is_not_there_is_an_error_of_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_items(tmp_path / "nothing.json", tool="T")


def test_json_of_something_else_names_what_is_missing(tmp_path: Path) -> None:
    error = no_known_shape(tmp_path / "x.json", tool="T", wants="no item has a name")
    assert "no item has a name" in str(error)
