"""How far the labelling of each batch is: what was asked, what came back, what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BatchStatus", "agreement", "batches"]

_BATCH = ("plan_id", "batch")


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """How far one batch of one plan is."""

    plan_id: str | None
    """None, as the batch, for answers to tasks that nobody handed off."""
    batch: int | None
    state: str
    """`planned`, `out`, `back` when no judgment is awaited any more, or `foreign`."""
    tool: str | None
    tasks: int
    asked: int
    """Judgments that are asked for, or will be."""
    back: int
    """Judgments that came."""
    rejected: dict[str, int]
    """Other answers, by rule."""
    agreement: float | None
    """How often two people say the same of one comparison, 0 to 1, chance included."""
    reserved: float
    """What was promised in all, in `currency`."""
    done: float
    """What was paid, for judgments and for work that could not be used."""
    refunded: float
    left: float
    """What is reserved and not back yet."""
    currency: str | None


def agreement(kept: pl.DataFrame, by: Sequence[str] = _BATCH) -> pl.DataFrame:
    """Return how often two people say the same of one comparison: a raw share, chance included.

    Args:
        kept: Answers that count, with ``comparison_id``, ``choice`` and the columns of ``by``; a
            choice is for the first, for the second, or a tie, however strong.
        by: What to tell apart.

    Returns:
        ``agreement`` (0 to 1) over all pairs of people, and ``n_pairs`` of them.
    """
    keys = list(by)
    # The sign of a response, not of a place: both orders may have been shown.
    side = pl.when("is_swapped").then(-pl.col("choice").sign()).otherwise(pl.col("choice").sign())
    said = kept.with_columns(side=side).group_by(*keys, "comparison_id", "side").len()
    n = pl.col("len").cast(pl.Int64)
    tasks = said.group_by(*keys, "comparison_id").agg(
        same=(n * (n - 1) // 2).sum(), total=n.sum() * (n.sum() - 1) // 2
    )
    return (
        tasks.group_by(keys)
        .agg(pl.col("same", "total").sum())
        .filter(pl.col("total") > 0)
        .select(*keys, agreement=pl.col("same") / pl.col("total"), n_pairs="total")
        .sort(keys)
    )


def batches(
    tasks: pl.DataFrame, read: pl.DataFrame, money: pl.DataFrame, planned: pl.DataFrame
) -> list[BatchStatus]:
    """Return how far each batch of each plan is, and at the end what belongs to none.

    Args:
        tasks: Tasks that were handed off.
        read: Answers as `prefdata.annotation.answers.classify` returns them.
        money: `prefdata.annotation.ledger.Ledger.balance` by batch and tool.
        planned: plan_id, batch, n_votes, cost and currency of `routes` that people are to judge.
    """
    keys = list(_BATCH)
    # A foreign answer may name one of our plans, but it is of none of its batches.
    said = read.with_columns(plan_id=pl.when(pl.col("batch").is_not_null()).then("plan_id"))
    kept = said.filter(pl.col("rule").is_null())
    parts = [
        tasks.group_by(keys).agg(n_tasks=pl.len()),
        kept.group_by(keys).agg(back=pl.len()),
        _reasons(said.filter(pl.col("rule").is_not_null())),
        agreement(kept),
        money.group_by(keys).agg(
            pl.col("tool").unique().sort().str.join(", "),
            pl.col("currency").unique().sort().str.join(", "),
            pl.col("n_asked", "n_open", "reserved", "open", "refunded").sum(),
            done=(pl.col("done") + pl.col("failed")).sum(),
        ),
        planned.group_by(keys).agg(
            pl.col("n_votes").sum().alias("n_planned"),
            pl.col("currency").unique().sort().str.join(", ").alias("unit"),
            pl.len().alias("n_ahead"),
        ),
    ]
    rows = pl.concat([part.select(keys) for part in parts]).unique()
    for part in parts:
        rows = rows.join(part, on=keys, how="left", nulls_equal=True)
    return [_status(row) for row in rows.sort(*keys, nulls_last=True).iter_rows(named=True)]


def _reasons(rejected: pl.DataFrame) -> pl.DataFrame:
    """Count answers that do not count, by batch and rule."""
    counts = rejected.group_by(*_BATCH, "rule").len().sort("rule")
    rules = pl.struct("rule", "len").alias("rejected")
    return counts.group_by(list(_BATCH), maintain_order=True).agg(rules)


def _status(row: dict[str, Any]) -> BatchStatus:
    if row["plan_id"] is None:
        state = "foreign"
    elif row["n_open"]:
        state = "out"
    else:
        is_gone = row["n_tasks"] is not None or row["n_asked"] is not None
        state = "back" if is_gone else "planned"
    return BatchStatus(
        plan_id=row["plan_id"],
        batch=row["batch"],
        state=state,
        tool=row["tool"],
        tasks=row["n_tasks"] or row["n_ahead"] or 0,
        asked=row["n_asked"] or row["n_planned"] or 0,
        back=row["back"] or 0,
        rejected={item["rule"]: item["len"] for item in row["rejected"] or ()},
        agreement=row["agreement"],
        reserved=row["reserved"] or 0.0,
        done=row["done"] or 0.0,
        refunded=row["refunded"] or 0.0,
        left=row["open"] or 0.0,
        currency=row["currency"] or row["unit"],
    )
