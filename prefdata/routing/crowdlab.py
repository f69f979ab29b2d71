"""CROWDLAB: a consensus of annotators and a model, by the library cleanlab."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.core.errors import MissingExtraError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.metrics.dawid_skene import Ratings

__all__ = ["CrowdLab", "crowdlab"]

_TWO = 2


@dataclass(frozen=True, slots=True)
class CrowdLab:
    """What annotators and the model come to."""

    posterior: NDArray[np.float64]
    """``(n_items, n_labels)``: probability of each label; rows of NaN where nobody judged."""
    quality: NDArray[np.float64]
    """``(n_annotators,)``: overall quality of the labels of each; NaN for those without one."""
    model_weight: float
    """How much the model is trusted; of an annotator it is 1 at most."""


def crowdlab(ratings: Ratings, probabilities: NDArray[np.floating[Any]]) -> CrowdLab:
    """Average the labels of annotators and a model, each weighed by how often it is right.

    Args:
        ratings: The judgments; an annotator has one on an item at most.
        probabilities: ``(n_items, n_labels)`` of a model that did not see the labels of the item.

    Returns:
        The posterior of cleanlab, taken from the weights that it returns.

    Raises:
        MissingExtraError: If cleanlab is not installed.
        ValueError: If no item has two judgments, or all say the same: nobody can be weighed then.

    References:
        Goh, Tkachenko and Mueller (2022), *CROWDLAB: supervised learning to infer consensus
        labels and quality scores for data with multiple annotators*, arXiv:2210.06812.
    """
    counts = ratings.by_item()
    used = np.unique(ratings.labels)
    if not (counts >= _TWO).any() or len(used) < _TWO:
        raise ValueError("CROWDLAB needs items with two judgments, and judgments that differ")
    items = np.flatnonzero(counts)
    people = np.unique(ratings.annotators)
    table = np.full((len(items), len(people)), np.nan)
    place = (np.searchsorted(items, ratings.items), np.searchsorted(people, ratings.annotators))
    table[place] = np.searchsorted(used, ratings.labels)
    prior = probabilities[np.ix_(items, used)].astype(np.float64)
    prior /= prior.sum(axis=1, keepdims=True)
    told = _ask(table, prior)
    found = _posterior(table, prior, told)
    posterior = np.full((ratings.n_items, ratings.n_labels), np.nan)
    posterior[items] = 0.0
    posterior[np.ix_(items, used)] = found
    quality = np.full(ratings.n_annotators, np.nan)
    quality[people] = told["annotator_stats"]["annotator_quality"].sort_index().to_numpy()
    return CrowdLab(posterior, quality, float(told["model_weight"]))


def _ask(table: NDArray[np.float64], prior: NDArray[np.float64]) -> dict[str, Any]:
    try:
        from cleanlab.multiannotator import get_label_quality_multiannotator
    except ModuleNotFoundError as error:
        raise MissingExtraError("CROWDLAB", extra="crowd") from error
    with warnings.catch_warnings():
        # It warns of what it divides for annotators without a shared item, and then fills it in.
        warnings.simplefilter("ignore")
        told: dict[str, Any] = get_label_quality_multiannotator(
            table, prior, return_detailed_quality=True, return_weights=True, verbose=False
        )
    return told


def _posterior(
    table: NDArray[np.float64], prior: NDArray[np.float64], told: dict[str, Any]
) -> NDArray[np.float64]:
    """Return the average that cleanlab computes, but gives of the best label only.

    A label of an annotator is worth the share P of annotators who agree with the consensus, and
    the others (1 - P) / (K - 1) each; these and the model's probabilities are weighed.
    """
    quality = told["label_quality"]
    agreement = quality["annotator_agreement"].to_numpy(np.float64)
    right = agreement[quality["num_annotations"].to_numpy() != 1].mean()
    k = prior.shape[1]
    weights = np.asarray(told["annotator_weight"], np.float64)
    model = float(told["model_weight"])
    is_there = ~np.isnan(table)
    total = is_there @ weights + model
    found = prior * model
    for label in range(k):
        said = (table == label) @ weights
        found[:, label] += said * right + (is_there @ weights - said) * (1 - right) / (k - 1)
    return np.asarray(found / total[:, None])
