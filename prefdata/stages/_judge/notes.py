"""What the user is told of a judge: its verdicts, its bias, and whom it agrees with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.metrics.position_bias import FIRST as FIRST_WINS
from prefdata.metrics.position_bias import SECOND as SECOND_WINS
from prefdata.metrics.position_bias import TIE as NOBODY_WINS
from prefdata.metrics.position_bias import position_bias
from prefdata.stages._judge.wording import FIRST, SECOND, TIE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["choice_notes", "rating_notes"]

_WINS = {FIRST: FIRST_WINS, SECOND: SECOND_WINS, TIE: NOBODY_WINS}


def choice_notes(read: pl.DataFrame, labels: pl.DataFrame, model: str) -> tuple[str, ...]:
    """Tell of a judge of two responses, aspect by aspect.

    Args:
        read: Columns case, aspect, shown, verdict and rule.
        labels: Columns case, aspect and preferred: what the pairs say.
        model: Name of the judge.
    """
    return tuple(_choice_notes(read, labels, model))


def _choice_notes(read: pl.DataFrame, labels: pl.DataFrame, model: str) -> Iterator[str]:
    for (aspect,), rows in read.group_by("aspect", maintain_order=True):
        who = f"{model}, {aspect}"
        good = rows.filter(pl.col("rule").is_null())
        n_ties = int((good["verdict"] == TIE).sum())
        yield f"{who}: {good.height:,} verdicts, {n_ties:,} of them ties{_rejected(rows)}"
        wins = good["verdict"].replace_strict(_WINS, return_dtype=pl.Float64)
        found = position_bias(good["case"], wins.to_list())
        if found.bias is not None and found.interval is not None:
            agreed = (
                f"; {found.consistent_share:.1%} of {found.n_pairs:,} pairs have the same verdict "
                "in both orders"
                if found.consistent_share is not None
                else "; each pair was judged in one order"
            )
            yield (
                f"{who}: position bias {found.bias:+.3f} (95 %: {found.interval[0]:+.3f} to "
                f"{found.interval[1]:+.3f}; 0 is none, +0.5 always the first){agreed}"
            )
        yield from _agreement(good, labels, str(aspect), who)


def _agreement(good: pl.DataFrame, labels: pl.DataFrame, aspect: str, who: str) -> Iterator[str]:
    """Compare with the pairs of the same aspect; where no pair has it, with those of any one."""
    of_aspect = labels.filter(pl.col("aspect") == aspect)
    compared, which = (of_aspect, "") if of_aspect.height else (labels, " of other aspects")
    chosen = (
        pl.when(pl.col("verdict") == FIRST)
        .then(pl.col("shown").list.get(0))
        .when(pl.col("verdict") == SECOND)
        .then(pl.col("shown").list.get(1))
    )
    said = good.group_by("case").agg(preferred_by_judge=chosen.unique())
    met = compared.join(said, on="case")
    # One response in all verdicts is a preference; two, or a tie among them, is none.
    decided = met.filter(
        (pl.col("preferred_by_judge").list.len() == 1)
        & pl.col("preferred_by_judge").list.first().is_not_null()
    )
    if not met.height:
        return
    n_agreed = int((decided["preferred"] == decided["preferred_by_judge"].list.first()).sum())
    share = f" ({n_agreed / decided.height:.1%})" if decided.height else ""
    yield (
        f"{who}: agrees with {n_agreed:,} of {decided.height:,} pairs{which}{share}; undecided on "
        f"{met.height - decided.height:,} more"
    )


def rating_notes(read: pl.DataFrame, model: str) -> tuple[str, ...]:
    """Tell of a judge of single responses, aspect by aspect.

    Args:
        read: Columns aspect, scores and rule.
        model: Name of the judge.
    """
    notes = []
    for (aspect,), rows in read.group_by("aspect", maintain_order=True):
        scores = rows.filter(pl.col("rule").is_null())["scores"].list.first().cast(pl.Float64)
        mean = f"{scores.to_numpy().mean():.2f}" if scores.len() else ""
        spread = f", mean {mean}, {scores.n_unique()} different values" if mean else ""
        notes.append(f"{model}, {aspect}: {scores.len():,} ratings{spread}{_rejected(rows)}")
    return tuple(notes)


def _rejected(rows: pl.DataFrame) -> str:
    counts = sorted(rows["rule"].drop_nulls().value_counts().iter_rows())
    told = ", ".join(f"{rule} {n:,}" for rule, n in counts)
    return f"; rejected: {told}" if told else ""
