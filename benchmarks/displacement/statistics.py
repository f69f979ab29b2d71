"""Means over seeds, and whether ranks agree."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from benchmarks.displacement.runs import FIFTHS, LEVELS, RANDOM
from benchmarks.displacement.scores import PREDICTORS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MEASURES", "Agreement", "agreement", "alone_agreements", "cells", "run_agreements"]

MEASURES = (
    "chosen",
    "rejected",
    "chosen_per_token",
    "rejected_per_token",
    "fallen",
    "accuracy",
    "margin",
)
_Z = 1.959964  # two-sided 95 %


@dataclass(frozen=True, slots=True)
class Agreement:
    """Spearman's rank correlation of a predictor with a change."""

    predictor: str
    against: str
    n: int
    is_at_equal_length: bool
    rho: float
    low: float
    high: float
    """The interval of 95 %."""


def agreement(
    predictor: str, against: str, rows: pl.DataFrame, *, given: tuple[str, ...] = ()
) -> Agreement:
    """Correlate the ranks of two columns, those of other columns taken out of both by regression.

    The interval is Fisher's, with the variance of Bonett and Wright (2000) for Spearman's rho:
    tanh(atanh(rho) +- 1.96 sqrt((1 + rho^2 / 2) / (n - k - 3))), k columns taken out.
    """
    names = (predictor, against, *given)
    x, y, *others = rows.select(pl.col(name).rank() for name in names).to_numpy().T
    held = np.stack([np.ones(len(x)), *others], axis=1)
    x, y = (ranks - held @ np.linalg.lstsq(held, ranks)[0] for ranks in (x, y))
    rho = float(x @ y / math.sqrt((x @ x) * (y @ y)))
    spread = _Z * math.sqrt((1 + rho**2 / 2) / (len(x) - len(given) - 3))
    low, high = (math.tanh(math.atanh(rho) + sign * spread) for sign in (-1, 1))
    return Agreement(predictor, against, len(x), bool(given), rho, low, high)


def cells(runs: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return mean and standard deviation over seeds of each predictor, level and loss.

    Args:
        runs: What `training.train` returned, with ``predictor``, ``level``, ``loss``, ``seed``.

    Returns:
        Columns ``predictor``, ``level``, ``loss``, ``n_seeds``, and of each of `MEASURES` the
        mean and, under its name with ``_sd``, the standard deviation of the sample.
    """
    keys = ["predictor", "level", "loss"]
    levels = [RANDOM, *LEVELS]
    return (
        pl.DataFrame(runs)
        .group_by(keys)
        .agg(
            pl.len().alias("n_seeds"),
            *(pl.col(name).mean() for name in MEASURES),
            *(pl.col(name).std().alias(f"{name}_sd") for name in MEASURES),
        )
        .sort(
            pl.col("predictor").replace_strict(
                {name: i for i, name in enumerate([RANDOM, *FIFTHS])}
            ),
            "loss",
            pl.col("level").replace_strict({name: i for i, name in enumerate(levels)}),
        )
    )


def run_agreements(changes: pl.DataFrame, scores: pl.DataFrame, label: str) -> list[dict[str, Any]]:
    """Correlate each predictor with the change of ln pi(chosen) within one run, pair by pair."""
    moved = changes.select(
        "pair_id",
        sum=pl.col("chosen_after") - pl.col("chosen_before"),
        per_token=(pl.col("chosen_after") - pl.col("chosen_before")) / pl.col("n_chosen"),
    )
    return _agreements(moved, scores, label)


def alone_agreements(drifts: pl.DataFrame, scores: pl.DataFrame) -> list[dict[str, Any]]:
    """Correlate each predictor with what a step on the pair alone does to its chosen response.

    As it is, and as a share of what a step on the chosen response alone would add.
    """
    moved = drifts.select("pair_id", sum="drift", share=pl.col("drift") / pl.col("square"))
    return _agreements(moved, scores, "alone")


def _agreements(moved: pl.DataFrame, scores: pl.DataFrame, label: str) -> list[dict[str, Any]]:
    rows = moved.join(scores, on="pair_id", how="inner", validate="1:1")
    return [
        {"run": label, **asdict(agreement(predictor, against, rows, given=given))}
        for against in moved.columns[1:]
        for given in ((), ("n_pos", "n_neg"))
        for predictor in PREDICTORS
        # The difference of lengths is not told by anything but the lengths.
        if not (given and predictor == "length_difference")
    ]
