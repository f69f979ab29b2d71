"""Whether anything holds: a constitution is never made of noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from prefdata.constitution._selection.marking import share_intervals
from prefdata.constitution._selection.paired import paired_of
from prefdata.constitution.ballots import FAILED
from prefdata.constitution.clusters import ClusterBy, clusters_of
from prefdata.constitution.parts import TRAIN, parts_of
from prefdata.constitution.reconstruction import RECONSTRUCTION, Measuring, measure
from prefdata.constitution.selection import Choosing, Selection, choose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.constitution._selection.paired import Paired
    from prefdata.constitution.ballots import Ballots

__all__ = ["CONSTITUTION", "MAX_P", "Decided", "Verdict", "decide", "worded"]

Verdict = Literal["holds", "nothing-holds", "too-few"]

CONSTITUTION: dict[str, pl.DataType] = {
    "rank": pl.Int32(),
    "principle_id": pl.String(),
    "is_opposite": pl.Boolean(),
    "sentence": pl.String(),
    "weight": pl.Float64(),
    "gain": pl.Float64(),
    "frequency": pl.Float64(),
    "strength": pl.Float64(),
    "strength_low": pl.Float64(),
    "strength_high": pl.Float64(),
    "accuracy": pl.Float64(),
    "n_labels": pl.Int64(),
}
"""Columns of ``constitutions`` without the source, the group and the step."""

MIN_LABELS = 60
"""Fewer labels that are no ties are too few to tell."""
MIN_OPENINGS = 20
"""So are labels of fewer prompts that open differently."""
MIN_CLUSTERS = 5
"""Of fewer clusters no flips have a p below .05."""
MAX_P = 0.05
"""A constitution that beats a coin with a greater p does not hold."""
_COIN = 0.5


@dataclass(frozen=True, slots=True)
class Decided:
    """What holds for some labels, and how well it explains them."""

    constitution: pl.DataFrame
    """Columns of `CONSTITUTION`; empty where nothing holds."""
    reconstructions: pl.DataFrame
    """Columns of `prefdata.constitution.reconstruction.RECONSTRUCTION`."""
    verdict: Verdict
    why: str
    """What the verdict rests on, as a sentence with figures."""
    parts: pl.Series
    """``train`` or ``report`` for each label, ties included."""


def decide(
    ballots: Ballots,
    choosing: Choosing | None = None,
    *,
    measuring: Measuring | None = None,
    cluster: ClusterBy = "auto",
    seed: int = 0,
) -> Decided:
    """Choose a constitution on some prompts, and let it stand only if it holds on the others.

    It must pass three gates: some principle may be more than chance on the labels to choose on
    (`Choosing.q`); a set of them lowers the log-loss of folds that were left out; and that set
    beats a coin on the prompts that had no part in it, with p below .05 over clusters and an
    interval of accuracy above one half, which a fortieth of sets made of noise does.

    Args:
        ballots: Principles, votes and labels.
        choosing: How principles are chosen.
        measuring: How they are measured.
        cluster: Which labels may lean together, as in
            `prefdata.constitution.clusters.clusters_of`.
        seed: Of parts, folds and all that is drawn.
    """
    how, which = choosing or Choosing(), measuring or Measuring()
    parts = parts_of(ballots, shares=(which.share,), seed=seed)
    is_decided = ballots.labels["y"] != 0
    decided = ballots.of_labels(is_decided)
    is_train = (parts.filter(is_decided) == TRAIN).to_numpy()
    clusters = clusters_of(decided, cluster).partitions
    paired = paired_of(decided, clusters=clusters, n_folds=how.n_folds, seed=seed)
    n_labels, n_openings = len(paired.lean), len(np.unique(paired.openings))
    if n_labels < MIN_LABELS or n_openings < MIN_OPENINGS:
        why = (
            f"There are {n_labels:,} labels that are no ties, on {n_openings:,} prompts that open "
            f"differently; {MIN_LABELS} on {MIN_OPENINGS} are needed."
        )
        return _decided(_nothing(), _unmeasured(n_labels), "too-few", why, parts)
    train = paired.rows(is_train)
    selection = choose(train, how, seed=seed)
    found = measure(paired, how, which, is_train=is_train, selection=selection, seed=seed)
    verdict, why = _verdict(selection, found, how, train.votes.shape)
    if verdict != "holds":
        return _decided(_nothing(), found, verdict, why, parts)
    report = paired.rows(~is_train)
    votes = decided.votes[decided.labels["at"].to_numpy()[~is_train]]
    rows = _rows(ballots.principles, selection, report, votes, which.n_bootstraps, seed)
    return _decided(rows, found, verdict, why, parts)


def worded(principles: pl.DataFrame) -> pl.Series:
    """Return principles as they hold, in words.

    Args:
        principles: ``sentence``, ``opposite`` (null where it has no words), and ``is_opposite``:
            whether the other end holds.
    """
    select = pl.col("sentence").str.strip_prefix("Select ")
    denied = (
        pl.when(select != pl.col("sentence"))
        .then(pl.lit("Do not select ") + select)
        .otherwise(pl.lit("Not: ") + pl.col("sentence"))
    )
    other = pl.coalesce("opposite", denied)
    said = pl.when("is_opposite").then(other).otherwise("sentence")
    return principles.select(said.alias("sentence")).to_series()


def _verdict(
    selection: Selection, found: pl.DataFrame, choosing: Choosing, shape: tuple[int, ...]
) -> tuple[Verdict, str]:
    n_train, n_principles = shape
    if not selection.n_candidates:
        return "nothing-holds", (
            f"None of {n_principles:,} principles stands out on the {n_train:,} labels to choose "
            f"on (q of at most {choosing.q:g})."
        )
    if not selection.order:
        return "nothing-holds", (
            f"No set of the {selection.n_candidates:,} principles that stand out on the "
            f"{n_train:,} labels to choose on lowers the log-loss of folds that were left out."
        )
    row = found.row(0, named=True)
    size = len(selection.order)
    what = (
        f"{size} {'principle foretells' if size == 1 else 'principles foretell'} "
        f"{100 * row['accuracy']:.1f} % of the {row['n_labels']:,} labels on prompts that had no "
        f"part in the choice"
    )
    if row["n_clusters"] < MIN_CLUSTERS:
        return "too-few", f"{what}, of {row['n_clusters']} clusters: too few to tell from a coin."
    low, high = (f"{100 * row[end]:.1f}" for end in ("low", "high"))
    figures = f"95 % interval {low} to {high} %, p = {row['p']:.2g}"
    if row["p"] < MAX_P and row["low"] > _COIN:
        return "holds", f"{what} ({figures}); a coin foretells 50 %."
    return "nothing-holds", f"{what}, which is no better than a coin ({figures})."


def _rows(
    principles: pl.DataFrame,
    selection: Selection,
    report: Paired,
    votes: NDArray[np.int8],
    n_bootstraps: int,
    seed: int,
) -> pl.DataFrame:
    """Return rows of the constitution, measured on labels that had no part in it."""
    chosen = selection.rows
    signs = chosen["sign"].to_numpy().astype(np.float64)
    agree = report.votes[:, selection.order] * signs * report.sides[:, None]
    counted = (votes[:, selection.order] != FAILED).astype(np.float64)
    low, high = share_intervals(
        agree, counted, clusters=report.clusters, n_bootstraps=n_bootstraps, seed=seed
    )
    n_decisive = np.abs(agree).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = agree.sum(axis=0) / counted.sum(axis=0)
        accuracy = (agree > 0).sum(axis=0) / n_decisive
    named = principles.select("principle_id", "sentence", "opposite")[selection.order]
    frame = pl.concat([chosen, named], how="horizontal").with_columns(
        is_opposite=pl.col("sign") < 0,
        strength=pl.Series(strength),
        strength_low=pl.Series(low),
        strength_high=pl.Series(high),
        accuracy=pl.Series(accuracy),
        n_labels=pl.Series(counted.sum(axis=0).astype(np.int64)),
    )
    return frame.with_columns(worded(frame)).select(
        pl.col(name).cast(dtype).fill_nan(None) if dtype.is_float() else pl.col(name).cast(dtype)
        for name, dtype in CONSTITUTION.items()
    )


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema=CONSTITUTION)


def _unmeasured(n_labels: int) -> pl.DataFrame:
    """Return the row of a constitution for which there are too few labels."""
    row = {
        "predictor": "constitution",
        "scheme": "held-out",
        "n_principles": 0,
        "n_labels": n_labels,
    }
    return pl.DataFrame([row], schema=RECONSTRUCTION)


def _decided(
    constitution: pl.DataFrame,
    found: pl.DataFrame,
    verdict: Verdict,
    why: str,
    parts: pl.Series,
) -> Decided:
    is_constitution = pl.col("predictor") == "constitution"
    said = {"verdict": verdict, "why": why}
    reconstructions = found.with_columns(
        pl.when(is_constitution).then(pl.lit(value)).alias(name) for name, value in said.items()
    )
    return Decided(constitution, reconstructions, verdict, why, parts)
