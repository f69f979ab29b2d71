"""Answers come back once, whatever the order of files; the ledger says what became of promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.annotation.tasks import read_tasks
from prefdata.catalog import Catalog
from prefdata.core.errors import DataError, UnknownNameError, UserError
from prefdata.recipes import Recipe
from prefdata.runner import run
from prefdata.runner.handoff import hand_off
from prefdata.runner.take_back import label_status, take_back
from prefdata.testing.labelling import answer, offer_plain, put_plan, write_answers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

__all__: list[str] = []

_TABLES = ("judgments", "annotators", "rejects")


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    offer_plain(monkeypatch)


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], Catalog]:
    """Return a function that makes a workspace with one batch handed off."""

    def made(name: str) -> Catalog:
        catalog = Catalog.create(tmp_path / name)
        put_plan(catalog)
        hand_off(catalog, "plain")
        return catalog

    return made


def _tasks(catalog: Catalog) -> list[dict[str, Any]]:
    folder = catalog.workspace.root / "handoffs"
    return read_tasks(folder.glob("*.tasks.parquet")).sort("n_votes").to_dicts()


def _imported(catalog: Catalog, table: str) -> pl.DataFrame:
    return catalog.scan(table).filter(pl.col("stage") == "import-labels").collect()


def _settled(catalog: Catalog) -> list[tuple[Any, ...]]:
    rows = catalog.scan("vote_ledger").filter(pl.col("status") != "reserved").collect()
    return rows.select("event_id", pl.col("status").cast(pl.String), "cost").sort("event_id").rows()


def test_answers_become_judgments_and_the_money_is_settled(
    make: Callable[[str], Catalog], tmp_path: Path
) -> None:
    catalog = make("w")
    tasks = _tasks(catalog)
    one, three = tasks[0], tasks[-1]
    rows = [answer(row) for row in tasks]
    rows += [answer(three, "bob", status="unreadable", choice=None)]
    rows[0] |= {"status": "skipped", "choice": None}
    rows += [answer(one | {"comparison_id": "nobody's"})]
    path = write_answers(rows, tmp_path / "sheet.ANS")
    done = take_back(catalog, [path])
    assert (done.n_answers, done.n_judgments, done.n_known) == (6, 3, 0)
    assert done.rejected == {"foreign": 1, "skipped": 1, "unreadable": 1}
    assert done.settled == {"done": 3, "failed": 1, "refunded": 1}
    [name] = done.files
    assert name.startswith("plain-")
    assert name.endswith(".ans")
    assert (catalog.workspace.root / "handoffs" / name).read_bytes() == path.read_bytes()
    assert _imported(catalog, "judgments").height == 3
    assert done.run.steps[0].step == "import-labels"
    lineage = catalog.scan("run_steps").filter(pl.col("run_id") == done.run.run_id).collect()
    assert lineage["stage"].to_list() == ["import-labels"]


def test_importing_twice_changes_nothing(make: Callable[[str], Catalog], tmp_path: Path) -> None:
    catalog = make("w")
    path = write_answers([answer(row) for row in _tasks(catalog)], tmp_path / "a")
    first = take_back(catalog, [path])
    ledger = _settled(catalog)
    again = take_back(catalog, [path, path])
    assert again.run.snapshot.name == first.run.snapshot.name
    assert (again.n_known, again.n_answers, again.n_judgments) == (2, 4, 4)
    assert again.run.steps[0].is_cached
    assert set(again.settled.values()) == {0}
    assert _settled(catalog) == ledger
    nothing = take_back(catalog, [])
    assert (nothing.files, nothing.n_answers) == ((), 0)
    assert nothing.run.snapshot.name == first.run.snapshot.name


def test_files_in_any_order_give_the_same_tables(
    make: Callable[[str], Catalog], tmp_path: Path
) -> None:
    one, other = make("one"), make("other")
    tasks = _tasks(one)
    rows = [answer(row, who) for row in tasks for who in ("ann", "bob")]
    files = [
        write_answers(rows[:5], tmp_path / "a"),
        write_answers([row | {"version": "2", "choice": -2} for row in rows[3:]], tmp_path / "b"),
    ]
    for path in files:
        take_back(one, [path])
    take_back(other, files[::-1])
    assert one.head().name == other.head().name
    for table in _TABLES:
        assert _imported(one, table).equals(_imported(other, table)), table
    assert [row[1:] for row in _settled(one)] == [row[1:] for row in _settled(other)]


def test_a_recipe_that_imports_finds_what_was_told_with_the_files(
    make: Callable[[str], Catalog], tmp_path: Path
) -> None:
    catalog = make("w")
    rows = [answer(_tasks(catalog)[0], who) for who in ("ann", "bob@example.org")]
    done = take_back(catalog, [write_answers(rows, tmp_path / "a")], experts=["Bob@example.org"])
    recipe = Recipe.model_validate({"name": "routing", "steps": ["import-labels"]})
    again = run(catalog, recipe)
    assert again.snapshot.name == done.run.snapshot.name
    assert again.steps[0].is_cached
    pools = dict(_imported(catalog, "annotators").select("annotator_id", "pool").iter_rows())
    assert sorted(pools.values(), key=str) == [None, "expert"]
    for table in ("runs", "run_steps", *_TABLES, "vote_ledger"):
        assert "example.org" not in str(catalog.scan(table).collect().to_dicts())


def test_parameters_of_an_earlier_run_are_kept(
    make: Callable[[str], Catalog], tmp_path: Path
) -> None:
    catalog = make("w")
    step = {"stage": "import-labels", "params": {"experts": ["ann"]}}
    run(catalog, Recipe.model_validate({"name": "routing", "steps": [step]}))
    take_back(catalog, [write_answers([answer(_tasks(catalog)[0])], tmp_path / "a")])
    assert _imported(catalog, "annotators")["pool"].to_list() == ["expert"]


def test_a_file_that_cannot_be_taken_leaves_nothing_behind(
    make: Callable[[str], Catalog], tmp_path: Path
) -> None:
    catalog = make("w")
    good = write_answers([answer(_tasks(catalog)[0])], tmp_path / "good")
    (tmp_path / "notes").write_text("hello")
    for path, kind, says in (
        (tmp_path / "nowhere", UserError, "no such file"),
        (tmp_path / "notes", UserError, "No tool knows"),
    ):
        with pytest.raises(kind, match=says):
            take_back(catalog, [good, path])
    with pytest.raises(UnknownNameError):
        take_back(catalog, [good], tool="plane")
    with pytest.raises((DataError, pl.exceptions.PolarsError)):
        take_back(catalog, [tmp_path / "notes"], tool="plain")
    assert not list((catalog.workspace.root / "handoffs").glob("plain-*"))


def test_the_status_follows_the_batch(make: Callable[[str], Catalog], tmp_path: Path) -> None:
    catalog = make("w")
    out, planned = label_status(catalog)
    assert (out.state, out.tool, out.tasks, out.asked, out.back) == ("out", "plain", 4, 8, 0)
    assert (out.reserved, out.done, out.left, out.currency) == (2.0, 0.0, 2.0, "EUR")
    assert (planned.state, planned.asked, planned.reserved) == ("planned", 8, 0.0)
    rows = [
        answer(row, who) for row in _tasks(catalog) for who in ("a", "b", "c")[: row["n_votes"]]
    ]
    take_back(catalog, [write_answers(rows, tmp_path / "a")])
    back = label_status(catalog)[0]
    assert (back.state, back.back, back.agreement) == ("back", 8, 1.0)
    assert (back.done, back.left) == (2.0, 0.0)
    assert label_status(Catalog.create(tmp_path / "empty")) == []
