"""The gate: rationales through checks of words and checks of a judge, and which of them are kept.

Checks that need no model come first, and what failed one is not sent to the judge; of the judge's
checks the cheap ones come first. What each check measured is kept, never only the sum of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.checks import Limits, run_checks
from prefdata.rationales.checks.limits import FOUND
from prefdata.rationales.judged import (
    Judge,
    JudgeLimits,
    has_failed,
    run_model_checks,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = [
    "NO_TEXT",
    "REPORTS",
    "STATUS",
    "Gate",
    "Gated",
    "best_of_each",
    "pass_through",
    "undecided",
]

NO_TEXT = "no-text"
"""Stands for a failed check where there was nothing to check."""
REPORTS = ("names", "gain")
"""The checks that measure and decide nothing."""
STATUS = "status"
"""The check that the writer finished, and that a writer who was not told the label agrees."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What a rationale must pass."""

    limits: Limits = field(default_factory=Limits)
    judge: Judge | None = None
    """Who makes the checks that need a model; none of them are made without."""
    checks: tuple[str, ...] = ()
    """Which of those are made."""
    judge_limits: JudgeLimits = field(default_factory=JudgeLimits)
    flipped: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    """Writes rationales for the opposite label, for the check `flip`."""
    is_thorough: bool = False
    """Ask the judge about rationales that failed a cheaper check, too."""

    def without(self, *checks: str) -> Gate:
        """Return the gate without some of the judge's checks."""
        left = tuple(name for name in self.checks if name not in checks)
        return Gate(self.limits, self.judge, left, self.judge_limits, None, self.is_thorough)


@dataclass(frozen=True, slots=True)
class Gated:
    """What came of rationales at the gate."""

    outcomes: pl.DataFrame
    """What each check measured: columns of `FOUND`."""
    verdicts: pl.DataFrame
    """One row per rationale: rationale_id, is_passed, failed, abstained, and what the judge's
    ``grounding`` came to, null where it was not asked."""


def pass_through(
    rows: pl.DataFrame,
    gate: Gate,
    *,
    beside: pl.DataFrame | None = None,
    ignore: Collection[str] = (),
) -> Gated:
    """Put rationales through the gate.

    Args:
        rows: Rationales with their pairs, as `CHECKED`; those without a text fail with `NO_TEXT`.
        gate: What they must pass.
        beside: Rationales that passed before; they count where texts are compared with each
            other, and nothing is said of them again.
        ignore: Checks of words that do not count.

    Raises:
        BackendError: If answers of the judge are missing in the end.
        BudgetError: If the budget does not allow the next request.
    """
    written = rows.filter(pl.col("text").is_not_null())
    others = pl.DataFrame(schema=rows.schema) if beside is None else beside.select(rows.columns)
    told = run_checks(pl.concat([written, others]), gate.limits).select(list(FOUND))
    told = told.join(written.select("rationale_id"), on="rationale_id", how="semi").filter(
        ~pl.col("check_name").is_in(list(ignore))
    )
    told = pl.concat([_status(written), told])
    if gate.judge is not None and gate.checks:
        failed = told.filter(has_failed(gate.judge_limits))
        left = written.join(failed, on="rationale_id", how="anti")
        asked = run_model_checks(
            written if gate.is_thorough else left,
            gate.checks,
            gate.judge,
            gate.judge_limits,
            flipped=gate.flipped,
            is_thorough=gate.is_thorough,
        )
        told = pl.concat([told, asked])
    told = told.sort("rationale_id", "check_name")
    return Gated(told, _verdicts(rows, told, gate.judge_limits))


def _status(rows: pl.DataFrame) -> pl.DataFrame:
    """Check that a text is whole, and argues for the label as far as its writer knew it."""
    is_ok = pl.col("status") == "ok"
    return rows.select(
        "rationale_id",
        pl.lit(STATUS).alias("check_name"),
        pl.lit(None, dtype=pl.Float64).alias("value"),
        is_ok.alias("is_passed"),
        pl.when(~is_ok).then("status").alias("detail"),
    )


def _verdicts(rows: pl.DataFrame, told: pl.DataFrame, limits: JudgeLimits) -> pl.DataFrame:
    """Sum up the checks of each rationale, those without a text among them."""
    names = pl.col("check_name").sort()
    found = told.group_by("rationale_id").agg(
        names.filter(has_failed(limits).sort_by("check_name")).alias("failed"),
        names.filter(_abstains().sort_by("check_name")).alias("abstained"),
        pl.col("value").filter(pl.col("check_name") == "grounding").first().alias("grounding"),
    )
    return (
        rows.select("rationale_id")
        .join(found, on="rationale_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("failed").fill_null([NO_TEXT]),
            pl.col("abstained").fill_null(pl.lit([], dtype=pl.List(pl.String))),
        )
        .with_columns(is_passed=pl.col("failed").list.len() == 0)
    )


def _abstains() -> pl.Expr:
    """Return whether a check that decides could not tell."""
    return pl.col("is_passed").is_null() & ~pl.col("check_name").is_in(REPORTS)


def best_of_each(rows: pl.DataFrame) -> pl.Series:
    """Return whether each rationale is the one that its pair gets for its kind.

    Of those that passed: the lowest attempt, then the highest `grounding`, then the smallest id.
    Rationales without a pair are not kept for one.

    Args:
        rows: rationale_id, pair_id, kind, attempt, is_passed and grounding.
    """
    best = (
        rows.filter(pl.col("is_passed") & pl.col("pair_id").is_not_null())
        .sort(
            pl.col("attempt").fill_null(1),
            -pl.col("grounding").fill_null(-1.0),
            pl.col("rationale_id"),
        )
        .unique(["pair_id", "kind"], keep="first", maintain_order=True)
    )
    return rows["rationale_id"].is_in(best["rationale_id"].to_list()).alias("is_kept")


def undecided(gates: pl.DataFrame, kinds: Collection[str]) -> pl.DataFrame:
    """Return the pairs and kinds that have rationales, keep none, and may fare better with others.

    Where the check `flip` failed, the pair is ambiguous: other words do not change that.

    Args:
        gates: pair_id, kind, is_passed and failed of every rationale.
        kinds: Kinds that can be written anew.
    """
    is_ambiguous = pl.col("failed").list.contains("flip")
    return (
        gates.filter(pl.col("pair_id").is_not_null() & pl.col("kind").is_in(list(kinds)))
        .group_by("pair_id", "kind")
        .agg((pl.col("is_passed") | is_ambiguous).any().alias("is_settled"))
        .filter(~pl.col("is_settled"))
        .select("pair_id", "kind")
        .sort("kind", "pair_id")
    )
