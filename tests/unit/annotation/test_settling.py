"""Every promise is settled at most once, in the order of the work; nothing is paid twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.annotation.ledger import event_id
from prefdata.annotation.settling import OUTCOMES, STATUSES, outcomes, settlements

__all__: list[str] = []

_PRICE = 0.25


def _events(n: int, comparison: str = "c") -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "event_id": event_id("p", comparison, "human-3", vote),
                "plan_id": "p",
                "source": "toy",
                "comparison_id": comparison,
                "arm": "human-3",
                "vote": vote,
                "batch": 0,
                "status": "reserved",
                "cost": _PRICE,
                "currency": "EUR",
                "annotator_id": None,
                "tool": "plain",
            }
            for vote in range(1, n + 1)
        ],
        schema_overrides={"annotator_id": pl.String, "vote": pl.Int32, "batch": pl.Int32},
    )


def _found(*said: tuple[str, str], comparison: str = "c") -> pl.DataFrame:
    rows = [
        {
            "plan_id": "p",
            "comparison_id": comparison,
            "annotator_id": who,
            "status": status,
            "tool": "plain",
            "at": datetime(2026, 1, day),  # noqa: DTZ001 - as in the tables
        }
        for day, (who, status) in enumerate(said, start=1)
    ]
    return pl.DataFrame(rows, schema=OUTCOMES)


def _settled(events: pl.DataFrame, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Settle; return the events as they count then, and what was written."""
    written = settlements(events, found, name=event_id)
    height = pl.col("status").replace_strict(STATUSES, return_dtype=pl.Int8)
    both = pl.concat([events, written.select(events.columns)]).sort("event_id", height)
    return both.unique("event_id", keep="last", maintain_order=True), written


def _by_vote(events: pl.DataFrame) -> list[tuple[Any, ...]]:
    return events.sort("vote").select("vote", "status", "annotator_id").rows()


def test_judgments_take_numbers_in_the_order_in_which_they_came() -> None:
    events, _ = _settled(_events(3), _found(("b", "done"), ("a", "done")))
    assert _by_vote(events) == [(1, "done", "b"), (2, "done", "a"), (3, "reserved", None)]
    events, written = _settled(events, _found(("c", "done"), ("b", "done"), ("a", "done")))
    assert _by_vote(written) == [(3, "done", "c")]


def test_a_skipped_task_is_refunded_unless_somebody_else_did_it() -> None:
    events, _ = _settled(_events(1), _found(("a", "refunded"), ("b", "done")))
    assert _by_vote(events) == [(1, "done", "b")]
    events, _ = _settled(_events(2), _found(("a", "refunded"), ("b", "done")))
    assert _by_vote(events) == [(1, "done", "b"), (2, "refunded", "a")]
    # Somebody takes the place of who skipped, later.
    events, written = _settled(events, _found(("b", "done"), ("c", "done"), ("a", "refunded")))
    assert _by_vote(events) == [(1, "done", "b"), (2, "done", "c")]
    assert written.height == 1
    assert settlements(events, _found(("a", "refunded")), name=event_id).is_empty()


def test_a_file_that_is_mended_turns_what_failed_into_a_judgment() -> None:
    events, _ = _settled(_events(1), _found(("a", "failed")))
    assert _by_vote(events) == [(1, "failed", "a")]
    events, _ = _settled(events, _found(("a", "done")))
    assert _by_vote(events) == [(1, "done", "a")]


def test_work_beyond_what_was_asked_is_paid_under_a_number_of_its_own() -> None:
    events, written = _settled(_events(1), _found(("a", "done"), ("b", "done"), ("c", "refunded")))
    assert _by_vote(events) == [(1, "done", "a"), (2, "done", "b")]
    assert written["event_id"].to_list()[1] == event_id("p", "c", "human-3", 2)
    assert set(written["cost"]) == {_PRICE}


def test_what_no_plan_asked_for_is_left_out() -> None:
    assert settlements(_events(1), _found(("a", "done"), comparison="d"), name=event_id).is_empty()
    none = _events(1).clear()
    assert settlements(none, _found(("a", "done")), name=event_id).is_empty()


_SAID = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from(["done", "failed", "refunded"])),
    max_size=6,
    unique_by=lambda said: said[0],
)


@given(n=st.integers(1, 4), before=_SAID, after=_SAID)
def test_settling_twice_changes_nothing_and_work_is_paid_once(
    n: int, before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    events = _events(n)
    events, _ = _settled(events, _found(*before))
    grown = dict(before)
    for who, status in after:  # Files only grow: what was done stays done.
        if STATUSES[status] > STATUSES[grown.get(who, "reserved")]:
            grown[who] = status
    found = _found(*grown.items())
    events, _ = _settled(events, found)
    again, written = _settled(events, found)
    assert written.is_empty()
    assert again.equals(events)
    done = events.filter(status="done")
    workers = {who for who, status in grown.items() if status == "done"}
    assert done["annotator_id"].is_unique().all()
    assert set(done["annotator_id"]) == workers
    paid = events.filter(pl.col("status").is_in(["done", "failed"]))
    n_worked = sum(status != "refunded" for status in grown.values())
    assert paid.height <= n_worked
    assert events.height == max(n, paid.height)


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([None], "done"),
        (["superseded", "skipped"], "done"),
        (["unreadable"], "failed"),
        (["order-mismatch", "skipped"], "failed"),
        (["unknown-response"], "failed"),
        (["skipped"], "refunded"),
        (["draft"], None),
        (["duplicate"], None),
    ],
)
def test_the_best_of_what_somebody_said_counts(rules: list[str | None], status: str | None) -> None:
    read = _read([{"rule": rule} for rule in rules])
    assert outcomes(read)["status"].to_list() == ([] if status is None else [status])
    assert outcomes(read.with_columns(batch=pl.lit(None))).is_empty()


def test_of_people_without_a_name_each_judgment_counts_and_nothing_else() -> None:
    said = [{"answer_id": name, "is_named": False} for name in "xy"]
    read = _read([*said, said[0] | {"rule": "unreadable", "answer_id": "z"}])
    assert outcomes(read)["annotator_id"].to_list() == ["a/x", "a/y"]


def _read(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Make answers as they are after `classify`, as far as the money asks."""
    one: dict[str, Any] = {"plan_id": "p", "comparison_id": "c", "annotator_id": "a"}
    one |= {"tool": "plain"}
    one |= {"answer_id": "x", "is_named": True, "batch": 0, "answered_at": None, "rule": None}
    frame = pl.DataFrame([one | row for row in rows], infer_schema_length=None)
    return frame.with_columns(
        pl.col("answered_at").cast(pl.Datetime("us")), pl.col("rule").cast(pl.String)
    )
