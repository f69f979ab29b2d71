"""A difference counts rows added, removed and changed by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.catalog import Catalog
from prefdata.catalog.diff import Change, diff
from prefdata.testing.rows import prompt_rows as prompts

if TYPE_CHECKING:
    from pathlib import Path


def test_rows_are_matched_by_key(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "w")
    before = prompts("a", 5)
    after = pl.concat([prompts("a", 2), prompts("a", 7, text="other").slice(3)])
    for frame in (before, after):
        with catalog.write() as write:
            write.put("prompts", ("a",), frame)
            write.commit("put")
    assert diff(catalog, "#1", "#2") == [
        Change("prompts", "a", 5, 6, added=2, removed=1, changed=2)
    ]
    assert diff(catalog, "#2", "#1") == [
        Change("prompts", "a", 6, 5, added=1, removed=2, changed=2)
    ]
    assert diff(catalog, "#1", "#1") == []
    assert diff(catalog, "#0", "#1") == [
        Change("prompts", "a", 0, 5, added=5, removed=0, changed=0)
    ]
    assert diff(catalog, "#1", "#0")[0].as_row()["removed"] == 5
