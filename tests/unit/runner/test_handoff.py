"""A batch is handed off once: money first, then files, and the record of its tasks last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.annotation.tasks import TASKS_SUFFIX, read_tasks
from prefdata.catalog import Catalog
from prefdata.core.errors import BudgetError, RecipeError, UnknownNameError, UserError
from prefdata.runner.handoff import close_batch, hand_off
from prefdata.testing.labelling import offer_plain, plan_routes, put_plan
from prefdata.testing.votes import commit_frames

if TYPE_CHECKING:
    from pathlib import Path


__all__: list[str] = []


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    offer_plain(monkeypatch)


@pytest.fixture
def routes(catalog: Catalog) -> pl.DataFrame:
    return put_plan(catalog)


def _records(catalog: Catalog) -> list[Path]:
    return sorted((catalog.workspace.root / "handoffs").glob(f"*{TASKS_SUFFIX}"))


def test_batches_leave_one_after_the_other(catalog: Catalog, routes: pl.DataFrame) -> None:
    first = hand_off(catalog, "plain")
    assert (first.batch, first.n_tasks, first.n_votes, first.cost) == (0, 4, 8, 2.0)
    assert (first.currency, first.is_again, first.spent, first.promised) == ("EUR", False, 0, 0)
    assert sorted(p.name for p in first.folder.iterdir()) == [".prefdata-handoff", "tasks.ndjson"]
    [record] = _records(catalog)
    asked = dict(read_tasks([record]).select("comparison_id", "n_votes").iter_rows())
    assert asked == dict(routes.filter(batch=0).select("comparison_id", "n_votes").iter_rows())
    second = hand_off(catalog, "plain", budget=4.0)
    assert (second.batch, second.promised, len(_records(catalog))) == (1, 2.0, 2)
    with pytest.raises(UserError, match="All batches of the plan are handed off"):
        hand_off(catalog, "plain")


def test_a_batch_that_is_named_again_is_the_same_files_and_no_more_money(
    catalog: Catalog, routes: pl.DataFrame, tmp_path: Path
) -> None:
    del routes
    first = hand_off(catalog, "plain", to=tmp_path / "out")
    record = _records(catalog)[0].read_bytes()
    again = hand_off(catalog, "plain", batch=0, to=tmp_path / "again", budget=0.0)
    assert (again.is_again, again.digests) == (True, first.digests)
    assert _records(catalog)[0].read_bytes() == record
    assert catalog.scan("vote_ledger").collect().height == 8


def test_a_dry_run_changes_nothing(catalog: Catalog, routes: pl.DataFrame) -> None:
    del routes
    before = catalog.head()
    told = hand_off(catalog, "plain", budget=0.5, is_dry=True)
    assert (told.cost, told.budget, told.is_dry, told.digests) == (2.0, 0.5, True, {})
    assert catalog.head() == before
    assert not (catalog.workspace.root / "handoffs").exists()


def test_beyond_the_budget_nothing_is_written(catalog: Catalog, routes: pl.DataFrame) -> None:
    del routes
    with pytest.raises(BudgetError, match="of the budget of 1"):
        hand_off(catalog, "plain", budget=1.0)
    assert _records(catalog) == []
    assert catalog.scan("vote_ledger").collect().is_empty()


def test_a_new_plan_does_not_ask_again_for_what_is_out(
    catalog: Catalog, routes: pl.DataFrame
) -> None:
    hand_off(catalog, "plain")
    later = plan_routes(routes.with_columns(prompt_hash=pl.lit("")), plan="later")
    commit_frames(catalog, {"routes": later}, steps=("route",))
    new = hand_off(catalog, "plain")
    # All of its first batch is out; the second one was never handed off.
    assert (new.batch, new.n_waiting, new.n_votes) == (1, 0, 8)
    with pytest.raises(UserError, match="are out under earlier plans"):
        hand_off(catalog, "plain", batch=0)


def test_files_of_others_are_spared_before_money_is_promised(
    catalog: Catalog, routes: pl.DataFrame, tmp_path: Path
) -> None:
    del routes
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(RecipeError, match="no handoff wrote"):
        hand_off(catalog, "plain", to=tmp_path / "out")
    with pytest.raises(RecipeError, match="Extra inputs"):
        hand_off(catalog, "plain", params={"colour": "red"})
    assert catalog.scan("vote_ledger").collect().is_empty()


def test_a_wrong_call_says_what_there_is(catalog: Catalog, routes: pl.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="handoff named 'plane'") as caught:
        hand_off(catalog, "plane")
    assert "plain" in str(caught.value.fix)
    with pytest.raises(UnknownNameError, match="step with a plan named 'rout'"):
        hand_off(catalog, "plain", step="rout")
    with pytest.raises(UnknownNameError, match="named 'toys'"):
        hand_off(catalog, "plain", source="toys")
    with pytest.raises(UserError, match="Batch 7 of the plan asks nobody"):
        hand_off(catalog, "plain", batch=7, source="toy")
    idle = routes.with_columns(
        n_votes=pl.lit(0, pl.Int32), batch=pl.lit(None, pl.Int32), cost=pl.lit(0.0)
    )
    commit_frames(catalog, {"routes": idle}, steps=("route",))
    with pytest.raises(UserError, match="The plan of 'route' asks nobody") as idle_caught:
        hand_off(catalog, "plain")
    assert "Nothing to do where people have judged all" in str(idle_caught.value.fix)


def test_without_any_plan_the_way_to_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Nothing is planned yet") as caught:
        hand_off(Catalog.create(tmp_path / "w"), "plain")
    assert "prefdata run routing" in str(caught.value.fix)


def test_of_several_plans_one_is_named(catalog: Catalog, routes: pl.DataFrame) -> None:
    other = routes.with_columns(source=pl.lit("zoo"), plan_id=pl.lit("zoo's plan"))
    commit_frames(catalog, {"routes": other}, steps=("route",))
    with pytest.raises(UserError, match="a plan for each source") as caught:
        hand_off(catalog, "plain")
    assert caught.value.fix == "Name one: --source toy"
    assert hand_off(catalog, "plain", source="toy").n_votes == 8


def test_the_budget_of_the_plan_binds_without_being_said_again(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_plan(catalog)
    monkeypatch.setattr("prefdata.runner.handoff._planned_budget", lambda *_: 3.0)
    assert hand_off(catalog, "plain").budget == 3.0
    with pytest.raises(BudgetError, match="prefdata annotate close"):
        hand_off(catalog, "plain")
    closed = close_batch(catalog, 0)
    assert (closed.n_votes, closed.cost, closed.currency) == (8, 2.0, "EUR")
    assert hand_off(catalog, "plain").promised == 0.0


def test_a_batch_that_is_not_out_cannot_be_closed(catalog: Catalog, routes: pl.DataFrame) -> None:
    with pytest.raises(UserError, match="Batch 7 is not out"):
        close_batch(catalog, 7)
    hand_off(catalog, "plain")
    assert close_batch(catalog, 0, plan=routes["plan_id"][0][:4]).n_votes == 8
