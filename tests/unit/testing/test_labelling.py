"""The plan and the tool that tests of the loop stand on are as real ones are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.catalog import Catalog
from prefdata.protocols.handoffs import ANSWERS
from prefdata.registry import names, plugin
from prefdata.schema import check, table_schema
from prefdata.testing.labelling import answer, offer_plain, plain, put_plan, write_answers

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

__all__: list[str] = []


def test_a_plan_keeps_its_contract(tmp_path: Path) -> None:
    routes = put_plan(Catalog.create(tmp_path / "w"))
    assert check(routes, table_schema("routes")).rejects.is_empty()
    assert set(routes["n_votes"]) == {0, 1, 3}


def test_what_is_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "plain" not in names("handoff")
    offer_plain(monkeypatch)
    assert plugin("handoff", "plain") is plain
    row = answer({"comparison_id": "c", "plan_id": "p", "is_swapped": True}, choice=-2)
    path = write_answers([row], tmp_path / "a")
    read = plain.read([path], None)
    assert dict(read.schema) == dict(ANSWERS)
    assert read.select(*row).to_dicts() == [row]
    assert read.select("file", "row").row(0) == ("a", 0)
    (tmp_path / "b").write_text("something else")
    assert [plain.is_answered(tmp_path / name) for name in "ab"] == [True, False]
    tasks = pl.DataFrame([row | {"first": "x", "second": "y"}])
    assert [file.name for file in plain.write(tasks, tmp_path, None)] == ["tasks.ndjson"]
