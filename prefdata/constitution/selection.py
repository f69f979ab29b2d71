"""Which few principles together explain choices best: a set, not the best of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from prefdata.constitution._selection.paired import Paired, paired_of
from prefdata.constitution._selection.paths import Path, greedy_path, lasso_way
from prefdata.constitution._selection.screening import Screened, screen
from prefdata.constitution._selection.stability import frequencies
from prefdata.metrics.paired_logistic import paired_losses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots
    from prefdata.metrics.cluster_sums import Partition

__all__ = ["Choosing", "Selection", "choose", "select_principles"]


@dataclass(frozen=True, slots=True)
class Choosing:
    """How a set of principles is chosen."""

    method: Literal["greedy", "lasso"] = "greedy"
    """`greedy`: one after the other, by what the others leave unexplained. `lasso`: in the order in
    which they enter an L1 path."""
    max_principles: int = 10
    """No set is larger."""
    n_folds: int = 5
    """Parts of the cross-validation that decides how many are chosen; by opening."""
    n_half_samples: int = 100
    """Half-samples that tell how stable the choice is; 0 for none."""
    q: float = 0.4
    """Principles with a greater q-value on the labels to choose on are no candidates. Generous, for
    it is the set that is tested, on other labels: on 500 labels a screen of .1 leaves out half of
    what holds, and noise has no constitution with .4 either."""
    max_correlation: float = 0.8
    """Of two principles whose votes have a greater cosine, either way, one is redundant."""
    min_decisive: int = 30
    """Principles with fewer decisive votes are no candidates."""
    n_errors: float = 0.0
    """A larger set must gain so many standard errors of cross-validated log-loss over a smaller
    one, or over none; 0 for the set of least loss."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A set of principles, the one that explains most first."""

    rows: pl.DataFrame
    """Columns ``rank`` from 1, ``index`` (place among the principles), ``sign`` (-1 where its
    opposite holds), ``weight`` (log-odds that a vote for the sentence that holds adds, above 0),
    ``gain`` (nats that a set of so many takes from the log-loss of a label in cross-validation,
    beyond a set of one less) and ``frequency`` (null without half-samples)."""
    n_candidates: int
    """Principles that could have been chosen."""
    gain: float
    """Nats that the set takes from the log-loss of a label in cross-validation."""
    gain_se: float
    """Its standard error, over openings."""

    @property
    def order(self) -> list[int]:
        """Return the places of the principles."""
        return self.rows["index"].to_list()

    @property
    def odds(self) -> NDArray[np.float64]:
        """Return the log-odds that the vote of each principle adds, for its sentence."""
        weights, signs = self.rows["weight"].to_numpy(), self.rows["sign"].to_numpy()
        return np.asarray(weights * signs, np.float64)

    def scores(self, votes: NDArray[Any]) -> NDArray[np.float64]:
        """Return the log-odds that a is preferred, of ``(n, p)`` signed votes."""
        return np.asarray(votes[:, self.order] @ self.odds, np.float64)


def select_principles(
    ballots: Ballots,
    choosing: Choosing | None = None,
    *,
    clusters: Sequence[Partition] = (),
    seed: int = 0,
) -> Selection:
    """Choose the principles that together lower the log-loss of labels most.

    Candidates are principles that labels tell of at all, by a test of each alone with a
    Benjamini-Hochberg correction. They are put in order on all labels but those of one fold, and
    again for each fold, screening included. The size is that of the least log-loss on the folds
    that were left out; the set of that size comes from all labels. It is empty where that loss is
    not below a coin's. A principle keeps the sign that it has alone, and is
    passed over where it would turn another; one whose votes nearly repeat those of a chosen one is
    redundant.

    Args:
        ballots: What to choose on: the labels of the training part. Ties have no part.
        choosing: How; `Choosing` by default.
        clusters: Which labels, ties left out, may lean together: one partition or two; those of one
            opening by default. They count in the test of candidates.
        seed: Of folds and half-samples.
    """
    how = choosing or Choosing()
    paired = paired_of(ballots.decided(), clusters=clusters, n_folds=how.n_folds, seed=seed)
    return choose(paired, how, seed=seed)


def choose(paired: Paired, choosing: Choosing, *, seed: int = 0) -> Selection:
    """Choose as `select_principles` does, of labels as arrays."""
    with threadpool_limits(1):
        screened = screen(paired, min_decisive=choosing.min_decisive)
        is_open = _candidates(screened, choosing)
        if not is_open.any():
            return Selection(_rows(Path([], []), screened, [], None), 0, 0.0, 0.0)
        size, gains, total, error = _size(paired, choosing)
        path = _path(paired, screened, choosing, max_size=size)
        shares = None
        if choosing.n_half_samples:
            shares = frequencies(
                paired,
                is_open=is_open,
                size=len(path.order),
                max_correlation=choosing.max_correlation,
                n_samples=choosing.n_half_samples,
                seed=seed,
            )
    return Selection(_rows(path, screened, gains, shares), int(is_open.sum()), total, error)


def _candidates(screened: Screened, choosing: Choosing) -> NDArray[np.bool_]:
    return screened.is_measurable & (screened.q <= choosing.q)


def _path(paired: Paired, screened: Screened, choosing: Choosing, *, max_size: int) -> Path:
    way = greedy_path if choosing.method == "greedy" else lasso_way
    return way(
        paired,
        signs=screened.signs,
        is_open=_candidates(screened, choosing),
        max_size=max_size,
        max_correlation=choosing.max_correlation,
    )


def _size(paired: Paired, choosing: Choosing) -> tuple[int, list[float], float, float]:
    """Return how many are chosen, the gain of each more, that of all, and its standard error."""
    losses = np.tile(paired_losses(np.zeros(1), np.zeros(1)), (len(paired.lean), 1))
    losses = np.repeat(losses, choosing.max_principles + 1, axis=1)
    for fold in np.unique(paired.folds):
        is_out = paired.folds == fold
        rest = paired.rows(~is_out)
        screened = screen(rest, min_decisive=choosing.min_decisive)
        path = _path(rest, screened, choosing, max_size=choosing.max_principles)
        scores = path.scores(paired.votes[is_out])
        found = paired_losses(scores, paired.lean[is_out])
        # A fold whose path ends early stays where it is.
        losses[is_out] = found[:, np.minimum(np.arange(losses.shape[1]), found.shape[1] - 1)]
    size = 0
    for more in range(1, losses.shape[1]):
        gain, error = _gain(losses[:, size] - losses[:, more], paired.openings)
        if gain > 0 and gain >= choosing.n_errors * error:
            size = more
    total, error = _gain(losses[:, 0] - losses[:, size], paired.openings)
    gains = (losses[:, :-1] - losses[:, 1:]).mean(axis=0)
    return size, gains.tolist(), total, error


def _gain(saved: NDArray[np.float64], openings: NDArray[np.int64]) -> tuple[float, float]:
    """Return a mean, and its standard error over openings."""
    mean = float(saved.mean())
    sums = np.bincount(openings, weights=saved - mean)
    n_openings = np.count_nonzero(np.bincount(openings))
    spread = float((sums * sums).sum()) * n_openings / max(int(n_openings) - 1, 1)
    return mean, float(np.sqrt(spread) / len(saved))


def _rows(
    path: Path, screened: Screened, gains: list[float], shares: NDArray[np.float64] | None
) -> pl.DataFrame:
    order = np.array(path.order, np.int64)
    odds = path.odds[-1] if path.odds else np.zeros(0)
    return pl.DataFrame(
        {
            "rank": np.arange(1, len(order) + 1),
            "index": order,
            "sign": screened.signs[order],
            "weight": np.abs(odds),
            "gain": gains[: len(order)],
            "frequency": None if shares is None else shares[order],
        },
        schema={
            "rank": pl.Int32,
            "index": pl.Int64,
            "sign": pl.Int8,
            "weight": pl.Float64,
            "gain": pl.Float64,
            "frequency": pl.Float64,
        },
        strict=False,
    )
