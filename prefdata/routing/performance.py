"""Performance-prediction models: from which tags people labelled to how good the reward model gets.

Many mixes of human and AI labels are drawn on the seed set, a reward head is fitted to each, and
its loss on the evaluation set is regressed on what the mix is made of. Two ways to describe a mix:

- ``ridge-excess``, ours: how many more human labels fall on a tag than its share of the budget.
  It does not depend on the size of the set, and the budget has columns of its own.
- ``linear`` and ``quadratic``, as HyPER publishes them: raw counts without a penalty. The counts
  all grow with the budget, and the quadratic model has twenty times more columns than mixes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from prefdata.metrics.bradley_terry import fit_heads
from prefdata.metrics.calibration import accuracies, log_losses
from prefdata.metrics.regression import cross_validated, least_norm, ridge_loo
from prefdata.protocols.routing import Gains
from prefdata.routing.mixes import draw_mixes, mix_labels, tag_counts
from prefdata.routing.truth import majority

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.metrics.regression import Fit, Linear
    from prefdata.protocols.routing import RoutingData

    Floats = NDArray[np.float64]

__all__ = ["Form", "MeasuredMixes", "PerformanceModel", "fit_performance", "measure_mixes"]

Form = Literal["ridge-excess", "linear", "quadratic"]

_ALPHAS = np.geomspace(1e-5, 10, 25)
_N_BUDGET_COLUMNS = 3
_UNPENALISED = 100.0  # a column a hundred times as long has a penalty of a ten-thousandth
_N_PERMUTATIONS = 100
_NULL_QUANTILE = 0.95
_LEAST_CORRELATION = 0.3


@dataclass(frozen=True, slots=True)
class MeasuredMixes:
    """Mixes of human and AI labels, and how good a reward model each gave."""

    counts: Floats
    """``(K, t)``: human labels on each tag."""
    budgets: Floats
    """``(K,)``: human labels."""
    performance: Floats
    """``(K,)``: the more the better."""
    n: int
    """Comparisons that were mixed."""
    shares: Floats
    """``(t,)``: share of these on which each tag holds."""


@dataclass(frozen=True, slots=True)
class PerformanceModel:
    """What a mix is worth, by what it is made of."""

    form: Form
    n: int
    """Comparisons in the mixes that it was fitted to."""
    shares: Floats
    """``(t,)``: share of these on which each tag holds."""
    linear: Linear
    """Of the features of a mix."""
    rank_correlation: float
    """Spearman's, of predictions for mixes that were not fitted to; ten-fold cross-validation."""
    rank_correlation_null: float
    """What 95 % of fits to permuted performances stay below."""
    rank_correlation_budget: float
    """What the number of human labels alone ranks, without a tag; the part of the first figure
    that says nothing about whom to ask about what."""
    rmse: float
    """Root mean squared error of the same predictions, in the unit of the performance."""

    def predict(self, counts: Floats, budgets: Floats, n: int) -> Floats:
        """Return the performance to expect of mixes of n comparisons.

        Args:
            counts: ``(K, t)``: human labels on each tag.
            budgets: ``(K,)``: human labels.
            n: Comparisons that are mixed; raw counts are scaled to the size of the fit, as
                HyPER does it.
        """
        scale = self.n / n
        mixes = _features(self.form, counts * scale, budgets * scale, self.n, self.shares)
        return self.linear.predict(mixes)[:, 0]

    def gains(self, tags: NDArray[np.bool_]) -> Gains:
        """Return what one more human label adds on each comparison.

        For counts it is what the model expects of that comparison alone, less what it expects of
        nothing, as HyPER has it. For excess shares it is their derivative: what the label adds to
        the tags over and above what it adds to the budget.

        Args:
            tags: ``(n, t)``.
        """
        weights = self.linear.weights[:, 0]
        n_tags = tags.shape[1]
        if self.form == "ridge-excess":
            scale = _inverse_spread(self.shares) / len(tags)
            parts = tags * (weights[:n_tags] * scale)
            columns = (tags - self.shares) * scale
            gain = columns @ weights[:n_tags]
            covariance = self.linear.covariance
            if covariance is None:
                return self._gains(gain, parts)
            covariance = covariance[:n_tags, :n_tags]
            variance = ((columns @ covariance) * columns).sum(axis=1)
            return self._gains(gain, parts, np.sqrt(np.maximum(variance, 0)))
        parts = tags * weights[:n_tags]
        if self.form == "quadratic":
            pairs = np.zeros((n_tags, n_tags))
            pairs[np.triu_indices(n_tags)] = weights[n_tags:]
            # Each of two tags gets half of what they add together.
            parts += tags * (tags @ (pairs + pairs.T) / 2)
        return self._gains(parts.sum(axis=1), parts)

    def _gains(self, gain: Floats, contributions: Floats, se: Floats | None = None) -> Gains:
        facts = {
            "rank_correlation": self.rank_correlation,
            "rank_correlation_null": self.rank_correlation_null,
            "rank_correlation_budget": self.rank_correlation_budget,
            "rmse": self.rmse,
        }
        return Gains(gain, se, contributions, facts=facts, refusal=self._refusal())

    def _refusal(self) -> str | None:
        if self.rank_correlation < _LEAST_CORRELATION:
            bar = f"below {_LEAST_CORRELATION}"
        elif self.rank_correlation <= self.rank_correlation_null:
            bar = f"no more than the {self.rank_correlation_null:.2f} that chance gives"
        else:
            return None
        return (
            "The model cannot tell which mixes are better: the rank correlation of its "
            f"predictions is {self.rank_correlation:.2f}, {bar}."
        )


def measure_mixes(
    data: RoutingData,
    n_mixes: int,
    *,
    seed: int,
    ridge: float = 0.01,
    measure: Literal["log-loss", "accuracy"] = "log-loss",
) -> MeasuredMixes:
    """Fit a reward head to each of many mixes of the seed set, and test it on the evaluation set.

    Args:
        data: Its evaluation and seed sets are used.
        n_mixes: How many mixes, besides AI labels only and human labels only.
        seed: Of the mixes.
        ridge: Of the heads.
        measure: ``log-loss``: less the log-loss after calibration, which ranks mixes better;
            ``accuracy``, as HyPER has it. Against the majority of votes; comparisons without one
            are left out, and where all are, all mixes are equally good.
    """
    mixes = draw_mixes(data.seed.tags, n_mixes, seed=seed)
    truth = majority(data.evaluation.humans)
    is_decided = ~np.isnan(truth)
    labels = truth[is_decided]
    with threadpool_limits(1):
        heads = fit_heads(data.seed.difference, mix_labels(data.seed, mixes), ridge=ridge)
        scores = heads.scores(data.evaluation.difference[is_decided])
    if not len(labels):
        performance = np.zeros(mixes.shape[1])
    elif measure == "accuracy":
        performance = accuracies(scores, labels)
    else:
        performance = -log_losses(scores, labels)
    return MeasuredMixes(
        counts=tag_counts(data.seed.tags, mixes),
        budgets=mixes.sum(axis=0).astype(np.float64),
        performance=performance,
        n=len(data.seed),
        shares=data.seed.tags.mean(axis=0),
    )


def fit_performance(mixes: MeasuredMixes, form: Form, *, seed: int) -> PerformanceModel:
    """Fit a model of what mixes are worth, and measure how well it ranks others.

    Args:
        mixes: What it learns from.
        form: How a mix is described; see above.
        seed: Of folds and permutations.
    """
    features = _features(form, mixes.counts, mixes.budgets, mixes.n, mixes.shares)
    random = np.random.default_rng(seed)
    permuted = [random.permutation(mixes.performance) for _ in range(_N_PERMUTATIONS)]
    targets = np.stack([mixes.performance, *permuted], axis=1)
    fit: Fit = least_norm if form != "ridge-excess" else partial(ridge_loo, alphas=_ALPHAS)
    powers = _powers(mixes.budgets / mixes.n)
    # The matrices are small: threads that wait for each other cost many times what they save.
    with threadpool_limits(1):
        correlations, errors = cross_validated(fit, features, targets, seed=seed)
        by_budget, _ = cross_validated(least_norm, powers, targets[:, :1], seed=seed)
        linear = fit(features, targets[:, :1])
    return PerformanceModel(
        form=form,
        n=mixes.n,
        shares=mixes.shares,
        linear=linear,
        rank_correlation=float(correlations[0]),
        rank_correlation_null=float(np.quantile(correlations[1:], _NULL_QUANTILE)),
        rank_correlation_budget=float(by_budget[0]),
        rmse=float(errors[0]),
    )


def _features(form: Form, counts: Floats, budgets: Floats, n: int, shares: Floats) -> Floats:
    if form == "linear":
        return counts
    if form == "quadratic":
        one, other = np.triu_indices(counts.shape[1])
        return np.concatenate([counts, counts[:, one] * counts[:, other]], axis=1)
    spent = budgets / n
    excess = (counts / n - spent[:, None] * shares) * _inverse_spread(shares)
    return np.concatenate([excess, _UNPENALISED * _powers(spent)], axis=1)


def _powers(spent: Floats) -> Floats:
    powers: Floats = spent[:, None] ** np.arange(1, _N_BUDGET_COLUMNS + 1)
    return powers


def _inverse_spread(shares: Floats) -> Floats:
    """Return ``1 / sqrt(p (1 - p))``; 0 for a tag that all have, or none: it cannot tell."""
    variance = shares * (1 - shares)
    is_telling = variance > 0
    return np.where(is_telling, 1 / np.sqrt(np.where(is_telling, variance, 1.0)), 0.0)
