"""The state of a batch: what was asked, came, was rejected, and what it cost."""

from __future__ import annotations

import itertools

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.annotation.progress import agreement, batches

__all__: list[str] = []


def _kept(choices: list[list[tuple[int, bool]]]) -> pl.DataFrame:
    rows = [
        {
            "plan_id": "p",
            "batch": 0,
            "comparison_id": str(i),
            "choice": choice if not turned else -choice,
            "is_swapped": turned,
            "rule": None,
        }
        for i, of_task in enumerate(choices)
        for choice, turned in of_task
    ]
    schema = {
        "plan_id": pl.String,
        "batch": pl.Int32,
        "comparison_id": pl.String,
        "choice": pl.Int8,
        "is_swapped": pl.Boolean,
        "rule": pl.String,
    }
    return pl.DataFrame(rows, schema=schema)


@given(
    st.lists(
        st.lists(st.tuples(st.integers(-2, 2), st.booleans()), min_size=1, max_size=5), max_size=4
    )
)
def test_agreement_is_the_share_of_pairs_of_people_who_say_the_same(
    choices: list[list[tuple[int, bool]]],
) -> None:
    pairs = [
        (one > 0) - (one < 0) == (other > 0) - (other < 0)
        for of_task in choices
        for (one, _), (other, _) in itertools.combinations(of_task, 2)
    ]
    found = agreement(_kept(choices))
    assert found["n_pairs"].to_list() == ([len(pairs)] if pairs else [])
    if pairs:
        assert found["agreement"][0] == pytest.approx(sum(pairs) / len(pairs))


_MONEY = {
    "plan_id": ["p", "p"],
    "source": ["toy", "toy"],
    "currency": ["EUR", "EUR"],
    "batch": [0, 1],
    "tool": ["plain", "plain"],
    "n_asked": [3, 2],
    "n_open": [0, 1],
    "reserved": [0.75, 0.5],
    "open": [0.0, 0.25],
    "done": [0.5, 0.25],
    "failed": [0.25, 0.0],
    "refunded": [0.0, 0.0],
}


def test_a_batch_is_planned_then_out_then_back() -> None:
    tasks = pl.DataFrame(
        {"plan_id": ["p", "p"], "batch": [0, 1]}, schema_overrides={"batch": pl.Int32}
    )
    planned = tasks.with_columns(pl.col("batch") + 1, n_votes=1, cost=0.25, currency=pl.lit("EUR"))
    read = _kept([[(1, False), (2, True)]])
    lost = read.with_columns(batch=pl.lit(None, pl.Int32), rule=pl.lit("foreign"))
    bad = read.with_columns(rule=pl.lit("draft"))
    money = pl.DataFrame(_MONEY, schema_overrides={"batch": pl.Int32})
    first, second, third, foreign = batches(tasks, pl.concat([read, bad, lost]), money, planned)
    assert (first.state, first.back, first.rejected) == ("back", 2, {"draft": 2})
    assert (first.agreement, first.done, first.left) == (1.0, 0.75, 0.0)
    assert (second.state, second.asked, second.left, second.tool) == ("out", 2, 0.25, "plain")
    assert (third.state, third.asked, third.tasks, third.currency) == ("planned", 1, 1, "EUR")
    assert (foreign.plan_id, foreign.state, foreign.rejected) == (None, "foreign", {"foreign": 2})


def test_nothing_is_nothing() -> None:
    empty = pl.DataFrame(schema={"plan_id": pl.String, "batch": pl.Int32})
    more = {"n_votes": pl.Int32, "cost": pl.Float64, "currency": pl.String}
    money = pl.DataFrame(_MONEY, schema_overrides={"batch": pl.Int32}).clear()
    assert batches(empty, _kept([]), money, pl.DataFrame(schema={**empty.schema, **more})) == []
