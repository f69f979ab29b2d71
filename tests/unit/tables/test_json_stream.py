"""One large JSON text is read piece by piece, and its faults are told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import SourceDriftError
from prefdata.tables.bundle import RawFile
from prefdata.tables.json_stream import JsonCursor

if TYPE_CHECKING:
    from pathlib import Path

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def _cursor(folder: Path, text: str, *, read_bytes: int = 3) -> JsonCursor:
    path = folder / "x.json"
    path.write_text(text, encoding="utf-8")
    return JsonCursor(RawFile(path, "x.json"), read_bytes=read_bytes)


@given(items=st.lists(_JSON, max_size=5), indent=st.sampled_from([None, 1]), size=st.integers(1, 9))
def test_items_come_back_whatever_the_size_of_the_reads(
    tmp_path_factory: pytest.TempPathFactory, items: list[Any], indent: int | None, size: int
) -> None:
    folder = tmp_path_factory.mktemp("stream")
    text = f" {json.dumps(items, indent=indent, ensure_ascii=False)}\n"
    with _cursor(folder, text, read_bytes=size) as cursor:
        assert list(cursor.items()) == items
        cursor.finish()
    with _cursor(folder, text, read_bytes=size) as cursor:
        assert [json.loads(item) for item in cursor.item_texts()] == items


@pytest.mark.parametrize("text", ['[{"a": 1}', "[1, 2", "[1 2]", "{}", "", "[1] [2]", '["\\x"]'])
def test_what_is_no_whole_array_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceDriftError):
        _read(tmp_path, text)


def _read(folder: Path, text: str) -> None:
    with _cursor(folder, text) as cursor:
        list(cursor.items())
        cursor.finish()
