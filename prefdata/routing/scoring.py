"""What labels are worth that routers chose: sums for each prompt, and other samples of prompts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from prefdata.metrics.bradley_terry import fit_heads
from prefdata.metrics.calibration import temperatures
from prefdata.routing.truth import left_out, majority

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.protocols.routing import RoutingData
    from prefdata.routing.crossfit import Half

    Floats = NDArray[np.float64]

__all__ = ["MEASURES", "Measure", "Samples", "Sums", "measure", "resample"]

Measure = Literal["label-accuracy", "model-accuracy", "model-log-loss"]
"""The columns of `route_curves` say what they are."""

MEASURES: tuple[Measure, ...] = ("label-accuracy", "model-accuracy", "model-log-loss")

_SAMPLES_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class Sums:
    """One measure: sums over what was tested, for each prompt, and how many that were."""

    values: Floats
    """``(groups, policies, shares)``: sums under each policy (as in `Half`) at each share."""
    counts: Floats
    """``(groups,)``."""
    n: int
    """Comparisons that were tested."""

    def means(self) -> Floats:
        """Return the measure, ``(policies, shares)``."""
        return np.asarray(self.values.sum(axis=0) / self.counts.sum())


@dataclass(frozen=True, slots=True)
class Samples:
    """One measure on resampled prompts."""

    policies: Floats
    """``(samples, policies, shares)``: without the draws at random."""
    at_random: Floats
    """``(samples, shares)``."""


def measure(
    data: RoutingData, halves: Sequence[Half], *, n_repeats: int, ridge: float
) -> dict[Measure, Sums]:
    """Score the choices of all halves; of several repeats, each comparison gets its mean.

    *Label accuracy*: a vote of the evaluation set stands for the human label where the policy
    asks a person, and the AI's where it does not, against the majority of the other votes.
    *Model accuracy and log-loss*: a reward head is fitted to the seed set of the half, with human
    labels where the policy asks, and tested on the evaluation set of the half against the
    majority of all its votes, none of which is in any mix. Its scale is made right first.

    Args:
        data: What `crossfit` was given.
        halves: What it yielded, of all repeats.
        n_repeats: How many there were.
        ridge: Of the heads.

    Returns:
        By measure; without those of models where the seed set is empty.
    """
    _, at = np.unique(data.evaluation.groups, return_inverse=True)
    found = {"label-accuracy": _label_sums(data, halves, at, n_repeats)}
    if len(data.seed) and all(half.seed.any() for half in halves):
        accuracy, loss = _model_sums(data, halves, at, n_repeats, ridge)
        found |= {"model-accuracy": accuracy, "model-log-loss": loss}
    return {name: found[name] for name in MEASURES if name in found}


def resample(
    sums: dict[Measure, Sums], *, n_policies: int, n_draws: int, n_bootstraps: int, seed: int
) -> dict[Measure, Samples]:
    """Draw prompts with replacement, the same for all policies and measures.

    Random choice is resampled too. For labels it is the mean of as many draws, for what a policy
    would have chosen by chance on other prompts is in the sampling of prompts already. For heads
    it is a single draw: that a mix happens to train a good head is luck that no sampling of the
    prompts it is tested on shows, so an interval without it would call luck skill. Heads are not
    fitted again.

    Args:
        sums: Of `measure`; policies, draws at random, and for labels the oracle.
        n_policies: How many routers there are.
        n_draws: How many draws at random.
        n_bootstraps: How many samples are drawn.
        seed: Of the samples.
    """
    random = np.random.default_rng([seed, n_bootstraps])
    n_groups = len(next(iter(sums.values())).counts)
    blocks: dict[Measure, list[tuple[Floats, Floats]]] = {name: [] for name in sums}
    for start in range(0, n_bootstraps, _SAMPLES_AT_ONCE):
        n = min(_SAMPLES_AT_ONCE, n_bootstraps - start)
        counts = _counts(random, n, n_groups, n_groups)
        draws = _counts(random, n, n_draws, n_draws) / n_draws
        single = np.eye(n_draws)[random.integers(n_draws, size=n)]
        for name, table in sums.items():
            weights = counts @ table.counts
            flat = counts @ table.values.reshape(n_groups, -1)
            # A sample of few prompts may hold none of which the truth is known.
            means = flat / np.where(weights > 0, weights, np.nan)[:, None]
            means = means.reshape(n, *table.values.shape[1:])
            is_draw = np.arange(means.shape[1]) - n_policies
            is_drawn = (is_draw >= 0) & (is_draw < n_draws)
            mixed = draws if name == "label-accuracy" else single
            at_random = np.einsum("bd,bds->bs", mixed, means[:, is_drawn])
            blocks[name].append((means[:, ~is_drawn], at_random))
    return {
        name: Samples(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
        for name, found in blocks.items()
    }


def _counts(random: np.random.Generator, n: int, n_drawn: int, n_kinds: int) -> Floats:
    """Return how often each kind was drawn, ``(n, n_kinds)``."""
    drawn = random.integers(n_kinds, size=(n, n_drawn)) + n_kinds * np.arange(n)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=n * n_kinds)
    return counts.reshape(n, n_kinds).astype(np.float64)


def _label_sums(
    data: RoutingData, halves: Sequence[Half], at: NDArray[np.intp], n_repeats: int
) -> Sums:
    votes = left_out(data.evaluation)
    values = np.zeros((len(at), *halves[0].of_evaluation.shape[:2]))
    for half in halves:
        mine = half.evaluation
        right = np.where(half.of_evaluation, votes.human[mine], votes.ai[mine])
        values[mine] += right.transpose(2, 0, 1) / n_repeats
    return _grouped(values, votes.n, at)


def _model_sums(
    data: RoutingData,
    halves: Sequence[Half],
    at: NDArray[np.intp],
    n_repeats: int,
    ridge: float,
) -> tuple[Sums, Sums]:
    truth = majority(data.evaluation.humans)
    is_known = ~np.isnan(truth)
    right, losses = (np.zeros((len(truth), *halves[0].of_seed.shape[:2])) for _ in range(2))
    for half in halves:
        seeds = data.seed.take(half.seed)
        people = np.where(np.isnan(seeds.humans[:, 0]), seeds.ai, seeds.humans[:, 0])
        labels = np.where(half.of_seed, people, seeds.ai).reshape(-1, len(seeds)).T
        heads = fit_heads(seeds.difference, labels, ridge=ridge)
        mine = half.evaluation & is_known
        scores, sides = heads.scores(data.evaluation.difference[mine]), truth[mine]
        scores = scores / temperatures(scores, sides)
        signed = (scores * (2 * sides - 1)[:, None]).reshape(-1, *right.shape[1:])
        right[mine] += (1 + np.sign(signed)) / 2 / n_repeats
        losses[mine] += np.logaddexp(0, -signed) / n_repeats
    counts = is_known.astype(np.float64)
    return _grouped(right, counts, at), _grouped(losses, counts, at)


def _grouped(values: Floats, counts: Floats, at: NDArray[np.intp]) -> Sums:
    sums = np.zeros((int(at.max()) + 1, *values.shape[1:]))
    np.add.at(sums, at, values)
    of_group = np.bincount(at, weights=counts).astype(np.float64)
    return Sums(sums, of_group, int((counts > 0).sum()))
