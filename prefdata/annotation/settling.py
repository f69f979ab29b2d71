"""What becomes of judgments that were paid for in advance; see `prefdata.annotation.ledger`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OUTCOMES", "STATUSES", "outcomes", "settlements"]

STATUSES = {"reserved": 0, "refunded": 1, "failed": 2, "done": 3}
"""What an event may be; it counts as the highest that was written of it."""
_OF_RULES = {
    "kept": "done",
    "superseded": "done",
    "unreadable": "failed",
    "order-mismatch": "failed",
    "unknown-response": "failed",
    "skipped": "refunded",
}
"""What an answer means for the money. A superseded one was work that its author did again, under
the same plan or a later one; drafts may still become something, and duplicates are nothing new."""

OUTCOMES: dict[str, pl.DataType] = {
    "plan_id": pl.String(),
    "comparison_id": pl.String(),
    "annotator_id": pl.String(),
    "status": pl.String(),
    "tool": pl.String(),
    "at": pl.Datetime("us"),
}
"""Columns of outcomes: one row for each plan, comparison and annotator."""
_EVENT = (
    "event_id",
    "plan_id",
    "source",
    "comparison_id",
    "arm",
    "vote",
    "batch",
    "cost",
    "currency",
)


def outcomes(read: pl.DataFrame) -> pl.DataFrame:
    """Return what the answers mean for the money.

    An annotator who says several things of one comparison under one plan is paid once: the best
    of them counts, a judgment before one that cannot be used, and that before a skipped one. Where
    a tool does not say who it was, each judgment is somebody's, and anything else is nobody's.

    Args:
        read: As `prefdata.annotation.answers.classify` returns it.

    Returns:
        Columns of `OUTCOMES`, in the order in which they came.
    """
    rule = pl.col("rule").fill_null("kept")
    unnamed = pl.concat_str("annotator_id", pl.lit("/"), "answer_id")
    rows = read.filter(pl.col("batch").is_not_null()).with_columns(
        status=rule.replace_strict(_OF_RULES, default=None, return_dtype=pl.String),
        at="answered_at",
        annotator_id=pl.when("is_named").then("annotator_id").otherwise(unnamed),
    )
    rows = rows.filter(
        pl.col("status").is_not_null(), pl.col("is_named") | (pl.col("status") == "done")
    )
    height = pl.col("status").replace_strict(STATUSES, return_dtype=pl.Int8)
    return (
        rows.sort(height, pl.col("at").fill_null(strategy="zero"), descending=[True, False])
        .unique(["plan_id", "comparison_id", "annotator_id"], keep="first", maintain_order=True)
        .select(pl.col(name).cast(dtype) for name, dtype in OUTCOMES.items())
        .sort("plan_id", "comparison_id", "at", "annotator_id", nulls_last=True)
    )


def settlements(
    events: pl.DataFrame, found: pl.DataFrame, *, name: Callable[[str, str, str, int], str]
) -> pl.DataFrame:
    """Return the events that are to be written.

    Judgments take the numbers of a comparison in the order in which they came; an annotator keeps
    the number that they have. Then comes work that cannot be used, and at last what was skipped,
    which refunds what nobody else has worked for. Who comes when all numbers are taken gets one
    that was refunded; when there is none, work beyond what was asked for (a tool may show a task
    to more people than it was told to) gets a number of its own at the price of the others,
    because it was done. A skipped task then is nothing.

    Args:
        events: As `prefdata.annotation.ledger.Ledger.events` returns them.
        found: Columns of `OUTCOMES`. What no event of their plan asked for is left out.
        name: Names an event by plan, comparison, arm and vote.

    Returns:
        Columns of the table ``vote_ledger`` without ``at``.
    """
    keys = ["plan_id", "comparison_id"]
    touched = events.join(found, on=keys, how="semi")
    schema = dict(touched.select(*_EVENT, "status", "annotator_id", "tool").schema)
    by_task = {
        key: rows.to_dicts() for key, rows in touched.partition_by(keys, as_dict=True).items()
    }
    written: list[dict[str, Any]] = []
    # A loop over rows: each is the work of a person.
    ordered = found.sort(
        pl.col("status").replace_strict(STATUSES, return_dtype=pl.Int8),
        "plan_id",
        "comparison_id",
        "at",
        "annotator_id",
        descending=[True, False, False, False, False],
        nulls_last=True,
    )
    for outcome in ordered.iter_rows(named=True):
        of_task = by_task.get((outcome["plan_id"], outcome["comparison_id"]))
        if of_task and (event := _event_for(outcome, of_task, name)):
            event |= {key: outcome[key] for key in ("status", "annotator_id", "tool")}
            written.append(dict(event))
    return pl.DataFrame(written, schema=schema)


def _event_for(
    outcome: dict[str, Any],
    events: list[dict[str, Any]],
    name: Callable[[str, str, str, int], str],
) -> dict[str, Any] | None:
    """Return the event of a task that an outcome changes; None if it changes none."""
    status, who = outcome["status"], outcome["annotator_id"]
    own = next((event for event in events if event["annotator_id"] == who), None)
    if own is not None:
        return own if STATUSES[own["status"]] < STATUSES[status] else None
    by_vote = sorted(events, key=lambda event: event["vote"])
    for free in ("reserved", "refunded"):
        for event in by_vote:
            if event["status"] == free and STATUSES[free] < STATUSES[status]:
                return event
    if status == "refunded":
        return None
    last = by_vote[-1]
    vote = last["vote"] + 1
    of = (outcome["plan_id"], outcome["comparison_id"], last["arm"], vote)
    more = last | {"vote": vote, "event_id": name(*of)}
    events.append(more)
    return more
