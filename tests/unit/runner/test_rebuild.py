"""The raw rows come back from the catalog."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from prefdata.core.errors import UnknownNameError
from prefdata.runner import rebuild

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog

Put = Callable[..., None]


def test_raw_rows_are_written_as_they_were(catalog: Catalog, put: Put, tmp_path: Path) -> None:
    put("a", 7)
    counts = rebuild(catalog, "a", tmp_path / "back")
    assert counts == {"a.jsonl": 7}
    (path,) = (tmp_path / "back").iterdir()
    back = [json.loads(line) for line in path.read_text().splitlines()]
    raw = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert back == raw


def test_a_source_that_is_not_there_is_named(catalog: Catalog, put: Put, tmp_path: Path) -> None:
    put("a", 1)
    with pytest.raises(UnknownNameError, match="'b'"):
        rebuild(catalog, "b", tmp_path)
    with pytest.raises(UnknownNameError, match="source named 'nobody'"):
        rebuild(catalog, "a", tmp_path, adapter="nobody")
