"""How well a constitution foretells choices on prompts that had no part in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from prefdata.constitution._selection.marking import Mark, marks
from prefdata.constitution._selection.paired import Paired, paired_of
from prefdata.constitution._selection.screening import screen
from prefdata.constitution.parts import TRAIN, parts_of
from prefdata.constitution.selection import Choosing, Selection, choose
from prefdata.metrics.paired_logistic import fit_paired, paired_losses, ridge_paired

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots
    from prefdata.metrics.cluster_sums import Partition

__all__ = ["PREDICTORS", "RECONSTRUCTION", "Measuring", "Scheme", "measure", "reconstruct"]

Scheme = Literal["held-out", "cross-validated"]

PREDICTORS = ("constitution", "one-principle", "length", "top-k", "all-principles")
"""In the order of their rows."""

RECONSTRUCTION: dict[str, pl.DataType] = {
    "predictor": pl.String(),
    "scheme": pl.String(),
    "n_principles": pl.Int32(),
    "n_labels": pl.Int64(),
    "n_clusters": pl.Int64(),
    "accuracy": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "log_loss": pl.Float64(),
    "auc": pl.Float64(),
    "p": pl.Float64(),
    "verdict": pl.String(),
    "why": pl.String(),
}
"""Columns of ``reconstructions`` without the source, the group and the step."""

_K = 5
_PENALTIES = np.array([3.0, 10.0, 30.0, 100.0, 300.0, 1000.0])


@dataclass(frozen=True, slots=True)
class Measuring:
    """How predictors are measured."""

    share: float = 0.6
    """Of prompts, to choose on."""
    n_bootstraps: int = 2000
    """Draws of clusters for intervals."""
    n_flips: int = 10_000
    """Draws of signs of clusters for tests."""


class _Foretold(NamedTuple):
    scores: NDArray[np.float64]
    n_principles: int


def reconstruct(
    ballots: Ballots,
    choosing: Choosing | None = None,
    *,
    measuring: Measuring | None = None,
    scheme: Scheme = "held-out",
    clusters: Sequence[Partition] = (),
    seed: int = 0,
) -> pl.DataFrame:
    """Measure a constitution, and simpler and richer predictors beside it.

    `one-principle` is the strongest principle alone. `length` prefers the longer response, or the
    shorter. `top-k` gives one vote each to the strongest principles, as many as the constitution
    has (5 where it has none), as Inverse Constitutional AI does. `all-principles` is a ridge
    regression on all, whose penalty is cross-validated: what the principles could say at most.

    Args:
        ballots: Principles, votes and labels; ties have no part.
        choosing: How the constitution is chosen.
        measuring: How all are measured.
        scheme: `held-out`: chosen on some prompts, measured on the others. `cross-validated`: on
            all labels, in folds by opening; for each, everything is chosen anew on the others.
        clusters: As in `prefdata.constitution.selection.select_principles`; also what is drawn as
            a whole for intervals and tests.
        seed: Of all that is drawn.

    Returns:
        Columns of `RECONSTRUCTION`, a row for each of `PREDICTORS`, without a verdict.
    """
    how, which = choosing or Choosing(), measuring or Measuring()
    decided = ballots.decided()
    paired = paired_of(decided, clusters=clusters, n_folds=how.n_folds, seed=seed)
    is_train = None
    if scheme == "held-out":
        parts = parts_of(decided, shares=(which.share,), seed=seed)
        is_train = (parts == TRAIN).to_numpy()
    return measure(paired, how, which, is_train=is_train, seed=seed)


def measure(
    paired: Paired,
    choosing: Choosing,
    measuring: Measuring,
    *,
    is_train: NDArray[np.bool_] | None,
    selection: Selection | None = None,
    seed: int = 0,
) -> pl.DataFrame:
    """Measure as `reconstruct` does, of labels as arrays.

    Args:
        paired: Labels.
        choosing: As in `reconstruct`.
        measuring: As in `reconstruct`.
        is_train: Labels to choose on; None for the scheme `cross-validated`.
        selection: What was chosen on them, if it was.
        seed: As in `reconstruct`.
    """
    with threadpool_limits(1):
        if is_train is None:
            told, n_principles = _in_folds(paired, choosing, seed)
            test = paired
        else:
            test = paired.rows(~is_train)
            by_name = _foretold(paired.rows(is_train), test, choosing, selection, seed)
            told = {name: one.scores for name, one in by_name.items()}
            n_principles = {name: one.n_principles for name, one in by_name.items()}
        found = marks(
            np.stack([told[name] for name in PREDICTORS], axis=1),
            test.lean,
            clusters=test.clusters,
            n_bootstraps=measuring.n_bootstraps,
            n_flips=measuring.n_flips,
            seed=seed,
        )
    return _frame(
        found, n_principles, len(test.lean), "cross-validated" if is_train is None else "held-out"
    )


def _in_folds(
    paired: Paired, choosing: Choosing, seed: int
) -> tuple[dict[str, NDArray[np.float64]], dict[str, int]]:
    """Return scores of all labels, each by what was chosen on other folds, and mean sizes."""
    told = {name: np.zeros(len(paired.lean)) for name in PREDICTORS}
    sizes: dict[str, list[int]] = {name: [] for name in PREDICTORS}
    for fold in np.unique(paired.folds):
        is_out = paired.folds == fold
        train = paired.rows(~is_out)
        # The other folds, with numbers of their own: the one left out is missing among them.
        found = _foretold(train, paired.rows(is_out), choosing, None, seed)
        for name, one in found.items():
            told[name][is_out] = one.scores
            sizes[name].append(one.n_principles)
    return told, {name: round(float(np.mean(of or [0]))) for name, of in sizes.items()}


def _foretold(
    train: Paired, test: Paired, choosing: Choosing, selection: Selection | None, seed: int
) -> dict[str, _Foretold]:
    """Return what each predictor says of some labels, by what it learned from others."""
    chosen = selection or choose(train, replace(choosing, n_half_samples=0), seed=seed)
    screened = screen(train, min_decisive=choosing.min_decisive)
    strengths = np.where(screened.is_measurable, np.abs(screened.strengths), 0.0)
    order = np.argsort(-strengths, kind="stable")
    order = order[strengths[order] > 0]
    top = order[: len(chosen.order) or _K]

    def told(of_train: NDArray[Any], of_test: NDArray[Any], n: int) -> _Foretold:
        """Give plain votes the scale that fits the labels to learn from."""
        odds = fit_paired(of_train[:, None], train.lean)
        return _Foretold(of_test * odds[0], n)

    def votes_of(paired: Paired, places: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(paired.votes[:, places] @ screened.signs[places], np.float64)

    return {
        "constitution": _Foretold(chosen.scores(test.votes), len(chosen.order)),
        "one-principle": told(votes_of(train, order[:1]), votes_of(test, order[:1]), 1),
        "length": told(np.sign(train.length), np.sign(test.length), 0),
        "top-k": told(votes_of(train, top), votes_of(test, top), len(top)),
        "all-principles": _Foretold(test.votes @ _ridge(train), int((strengths > 0).sum())),
    }


def _ridge(train: Paired) -> NDArray[np.float64]:
    """Return log-odds of all principles, with the penalty that does best on folds left out."""
    losses = np.zeros(len(_PENALTIES))
    for fold in np.unique(train.folds):
        is_out = train.folds == fold
        rest = train.rows(~is_out)
        odds = ridge_paired(rest.votes, rest.lean, penalties=_PENALTIES, gram=rest.gram)
        losses += paired_losses(train.votes[is_out] @ odds.T, train.lean[is_out]).sum(axis=0)
    best = _PENALTIES[[int(np.argmin(losses))]]
    found = ridge_paired(train.votes, train.lean, penalties=best, gram=train.gram)
    return np.asarray(found[0])


def _frame(
    found: list[Mark], n_principles: dict[str, int], n_labels: int, scheme: Scheme
) -> pl.DataFrame:
    rows = [
        {
            "predictor": name,
            "scheme": scheme,
            "n_principles": n_principles[name],
            "n_labels": n_labels,
            **one._asdict(),
        }
        for name, one in zip(PREDICTORS, found, strict=True)
    ]
    frame = pl.DataFrame(rows, schema_overrides={"n_principles": pl.Int32})
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in RECONSTRUCTION.items()
    ).with_columns(pl.selectors.float().fill_nan(None))
