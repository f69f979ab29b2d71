"""Rationales through the gate, and those of pairs that keep none written anew, round by round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.gate import best_of_each, pass_through, undecided
from prefdata.stages._gate_rationales.subjects import subjects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.rationales.gate import Gate, Gated
    from prefdata.stages._gate_rationales.rewriting import Rewriter

__all__ = ["Rounds", "all_rounds"]

_ABOUT = ("rationale_id", "source", "pair_id", "kind", "attempt")


@dataclass(frozen=True, slots=True)
class Rounds:
    """Everything that went through the gate."""

    rationales: pl.DataFrame
    """All rationales, those written anew among them; columns of ``rationales`` but the step."""
    rows: pl.DataFrame
    """The same with their texts, as `CHECKED`."""
    outcomes: pl.DataFrame
    """What each check measured: columns of `FOUND`."""
    gates: pl.DataFrame
    """Columns of ``rationale_gates`` but the step, and ``grounding``."""
    first: Gated
    """What came of the rationales that were there before; the others are hard cases."""
    rewritten: pl.DataFrame
    """The rationales that were written anew."""


def all_rounds(
    rationales: pl.DataFrame,
    tables: Mapping[str, pl.LazyFrame],
    gate: Gate,
    *,
    rewriter: Rewriter | None = None,
    retries: int = 0,
) -> Rounds:
    """Put rationales through the gate; have those of pairs that keep none written anew.

    Args:
        rationales: Columns of ``rationales``.
        tables: ``prompts`` and ``responses``.
        gate: What they must pass.
        rewriter: Who writes anew; nobody when None.
        retries: How often at most.

    Raises:
        BackendError: If answers are missing in the end.
        BudgetError: If a budget does not allow the next request.
    """
    known = rationales.drop("stage", strict=False)
    rows = subjects(known, tables)
    first = pass_through(rows, gate)
    outcomes, gates = first.outcomes, _gates(known, first)
    rewritten = known.clear()
    begun = known.select(pl.max_horizontal(1, pl.col("attempt").max())).item() or 1
    for attempt in range(begun + 1, begun + 1 + (retries if rewriter is not None else 0)):
        assert rewriter is not None  # noqa: S101 - there is no round without
        wanted = undecided(gates, rewriter.params.kinds)
        if wanted.is_empty():
            break
        new = rewriter.again(wanted, attempt=attempt).select(known.columns)
        new = new.join(known, on="rationale_id", how="anti")
        new_rows = subjects(new, tables)
        passed = rows.join(gates.filter("is_passed"), on="rationale_id", how="semi")
        gated = pass_through(new_rows, gate, beside=passed)
        known, rewritten = pl.concat([known, new]), pl.concat([rewritten, new])
        rows = pl.concat([rows, new_rows])
        outcomes = pl.concat([outcomes, gated.outcomes])
        gates = pl.concat([gates, _gates(new, gated)])
    gates = gates.with_columns(is_kept=best_of_each(gates)).sort("rationale_id")
    return Rounds(known, rows, outcomes, gates, first, rewritten)


def _gates(rationales: pl.DataFrame, gated: Gated) -> pl.DataFrame:
    return rationales.select(_ABOUT).join(
        gated.verdicts, on="rationale_id", how="left", maintain_order="left"
    )
