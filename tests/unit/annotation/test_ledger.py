"""Money is reserved once, never beyond the cap, and two processes take turns."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.annotation import ledger as module
from prefdata.annotation.ledger import Ledger, event_id
from prefdata.annotation.settling import OUTCOMES
from prefdata.core.errors import BudgetError, ConflictError
from prefdata.core.fingerprint import digest
from prefdata.core.locks import try_lock
from prefdata.schema import check, table_schema

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

__all__: list[str] = []


@pytest.fixture
def batch(routes: pl.DataFrame) -> pl.DataFrame:
    """The first batch: 4 comparisons, 8 judgments at a quarter."""
    return routes.filter(batch=0)


def _rows(catalog: Catalog) -> pl.DataFrame:
    return catalog.scan("vote_ledger").collect()


def _outcome(row: dict[str, object], who: str = "ann", status: str = "done") -> pl.DataFrame:
    said = {"plan_id": row["plan_id"], "comparison_id": row["comparison_id"]}
    said |= {"annotator_id": who, "status": status, "tool": "plain"}
    return pl.DataFrame([said], schema=OUTCOMES)


def test_an_event_is_named_by_plan_comparison_arm_and_number() -> None:
    assert event_id("p", "c", "human", 1) == digest(["p", "c", "human", 1])


def test_a_batch_is_reserved_once(catalog: Catalog, batch: pl.DataFrame) -> None:
    ledger = Ledger(catalog)
    done = ledger.reserve(batch, tool="plain")
    assert (done.n_votes, done.cost, done.currency, done.is_new) == (8, 2.0, "EUR", True)
    assert dict(done.votes.iter_rows()) == dict(
        batch.select("comparison_id", "n_votes").iter_rows()
    )
    again = ledger.reserve(batch.reverse(), tool="other")
    assert (again.n_votes, again.is_new, again.promised) == (8, False, 2.0)
    rows = _rows(catalog)
    assert rows.height == rows["event_id"].n_unique() == 8
    assert check(rows, table_schema("vote_ledger")).rejects.is_empty()
    assert set(rows["tool"]) == {"plain"}


def test_a_dry_run_writes_and_refuses_nothing(catalog: Catalog, batch: pl.DataFrame) -> None:
    told = Ledger(catalog).reserve(batch, tool="plain", budget=0.1, is_dry=True)
    assert (told.n_votes, told.cost, _rows(catalog).height) == (8, 2.0, 0)
    assert not (catalog.workspace.root / "handoffs").exists()


def test_the_cap_is_hard_and_says_what_is_spent_reserved_asked_and_left(
    catalog: Catalog, routes: pl.DataFrame
) -> None:
    ledger = Ledger(catalog)
    first, second = routes.filter(batch=0), routes.filter(batch=1)
    with pytest.raises(BudgetError):
        ledger.reserve(first, tool="plain", budget=1.99)
    assert _rows(catalog).is_empty()
    ledger.reserve(first, tool="plain", budget=2.0)
    ledger.settle(_outcome(first.row(0, named=True)))
    with pytest.raises(BudgetError) as caught:
        ledger.reserve(second, tool="plain", budget=3.5)
    for figure in ("8 judgments at 2.00 EUR", "1.50 EUR", "3.50 EUR", "0.25 are", "1.75 reserved"):
        assert figure in caught.value.what
    assert _rows(catalog).height == 9
    # What was reserved before is no news, whatever the budget is now.
    assert not ledger.reserve(first, tool="plain", budget=0.0).is_new


def test_what_is_out_under_an_earlier_plan_is_not_asked_again(
    catalog: Catalog, batch: pl.DataFrame
) -> None:
    ledger = Ledger(catalog)
    ledger.reserve(batch, tool="plain")
    later = batch.with_columns(plan_id=pl.lit("later"))
    told = ledger.reserve(later, tool="plain", is_dry=True)
    assert (told.n_votes, told.n_waiting, told.is_new) == (0, 8, True)
    of_three = batch.filter(arm="human-3").row(0, named=True)
    ledger.settle(_outcome(of_three))
    asked = ledger.reserve(later, tool="plain")
    assert (asked.n_votes, asked.n_waiting) == (1, 7)
    assert asked.votes.rows() == [(of_three["comparison_id"], 1)]


def test_the_balance_adds_up(catalog: Catalog, batch: pl.DataFrame) -> None:
    ledger = Ledger(catalog)
    ledger.reserve(batch, tool="plain")
    first, *_, last = batch.iter_rows(named=True)
    assert ledger.settle(_outcome(first)) == {"done": 1, "failed": 0, "refunded": 0}
    assert ledger.settle(_outcome(first)) == {"done": 0, "failed": 0, "refunded": 0}
    ledger.settle(pl.concat([_outcome(last, "b", "failed"), _outcome(last, "c", "refunded")]))
    [row] = ledger.balance().to_dicts()
    assert (row["n_asked"], row["n_open"], row["n_done"]) == (8, 5 + (last["n_votes"] == 1), 1)
    assert row["reserved"] == pytest.approx(
        row["open"] + row["done"] + row["failed"] + row["refunded"]
    )
    assert ledger.balance(None, "batch")["batch"].to_list() == [0]


def test_the_ledger_is_no_part_of_a_snapshots_name(catalog: Catalog, batch: pl.DataFrame) -> None:
    before = catalog.head().name
    Ledger(catalog).reserve(batch, tool="plain")
    assert catalog.head().name == before


_PROGRAM = """
import sys
from prefdata.catalog import Catalog
from prefdata.annotation.ledger import Ledger
import polars as pl
catalog, rows = Catalog.open(sys.argv[1]), pl.read_parquet(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
print(Ledger(catalog).reserve(rows, tool="plain").is_new, flush=True)
"""


def test_of_two_processes_one_reserves(catalog: Catalog, batch: pl.DataFrame) -> None:
    path = catalog.workspace.root / "asked.parquet"
    batch.write_parquet(path)
    command = [sys.executable, "-c", _PROGRAM, str(catalog.workspace.root), str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
        own = Ledger(catalog).reserve(batch, tool="plain").is_new
        theirs = child.communicate()[0] == "True\n"
    assert own is not theirs
    assert _rows(catalog)["event_id"].n_unique() == _rows(catalog).height == 8


def test_who_never_gets_the_ledger_gives_up(
    catalog: Catalog, batch: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.05)
    lock = catalog.workspace.root / "handoffs" / ".ledger.lock"
    lock.parent.mkdir()
    with lock.open("a") as file:
        assert try_lock(file)
        with pytest.raises(ConflictError, match="Another process"):
            Ledger(catalog).reserve(batch, tool="plain")
    assert Ledger(catalog).reserve(batch, tool="plain").is_new


def test_a_closed_batch_waits_for_nothing_and_pays_who_comes_late(
    catalog: Catalog, batch: pl.DataFrame
) -> None:
    ledger = Ledger(catalog)
    ledger.reserve(batch, tool="plain")
    row = batch.row(0, named=True)
    ledger.settle(_outcome(row))
    plan = batch["plan_id"][0]
    assert ledger.close(plan, 0) == (7, 1.75)
    assert ledger.close(plan, 0) == (0, 0.0)
    (money,) = ledger.balance().to_dicts()
    assert (money["n_open"], money["n_done"], money["n_refunded"]) == (0, 1, 7)
    ledger.settle(_outcome(batch.row(1, named=True), "late"))
    (money,) = ledger.balance().to_dicts()
    assert (money["n_done"], money["n_refunded"]) == (2, 6)
