"""The probability of each answer to each comparison, by one of six methods."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from prefdata.core.errors import DataError
from prefdata.metrics.dawid_skene import Ratings, dawid_skene, majority, reliability
from prefdata.metrics.em_reward import cross_fitted, em_reward
from prefdata.routing.crowdlab import crowdlab
from prefdata.routing.levels import CLASSES
from prefdata.routing.margins import folds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.stages._aggregate_votes.read import Read

__all__ = ["Decided", "Method", "decide"]

Name = Literal["majority", "dawid-skene", "one-coin", "auto", "em-rm", "crowdlab"]
_B, _TIE, _A = range(len(CLASSES))
_K = len(CLASSES)
_N_FOLDS = 5
_PSEUDO_JUDGMENTS = 10.0


@dataclass(frozen=True, slots=True)
class Method:
    """How votes are put together."""

    name: Name
    ai: Literal["vote", "fallback", "ignore"]
    min_labels: int
    seed: int


@dataclass(frozen=True, slots=True)
class Decided:
    """What the votes come to."""

    posterior: NDArray[np.float64]
    """``(n, 3)``: probability of b, of a tie and of a; rows of NaN where no vote counts."""
    has_tie: bool
    """Whether the method knows how probable a tie is."""
    decides: NDArray[np.bool_]
    """``(v,)``: which votes count, in the order of the votes."""
    reliability: dict[str, NDArray[np.float64]]
    """For each aspect, by number of annotator; NaN where nothing can be said."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What one set of votes on one aspect comes to."""

    posterior: NDArray[np.float64]
    reliability: NDArray[np.float64] | None = None
    """What the method itself says of annotators, where it says that."""


def decide(found: Read, method: Method, vectors: NDArray[np.float64] | None) -> Decided:
    """Aggregate each aspect by itself.

    Args:
        found: Comparisons and votes.
        method: How.
        vectors: ``(n, p)``: of the comparisons, for the methods that fit a reward.

    Raises:
        DataError: If the method cannot weigh these annotators.
    """
    posterior = np.full((found.comparisons.height, _K), np.nan)
    of_annotators = {}
    parts = []
    for aspect, mine in found.of_aspects():
        items = mine.comparisons["item"].to_numpy()
        part, votes = _of_aspect(mine, method, vectors)
        posterior[items] = part.posterior[items]
        parts.append(votes)
        of_annotators[aspect] = _reliability(mine, votes, part, method)
    votes = pl.concat(parts) if parts else found.votes.with_columns(decides=pl.lit(value=True))
    decides = votes.sort("item", "who")["decides"].to_numpy()
    return Decided(posterior, method.name != "em-rm", decides, of_annotators)


def _of_aspect(
    mine: Read, method: Method, vectors: NDArray[np.float64] | None
) -> tuple[_Part, pl.DataFrame]:
    """Return what one aspect comes to, and its votes with ``decides``."""
    people = mine.votes.filter(~pl.col("is_ai"))
    models = mine.votes.filter("is_ai")
    if method.ai == "vote":
        return _run(mine, mine.votes, method, vectors), mine.votes.with_columns(
            decides=pl.lit(value=True)
        )
    part = _run(mine, people, method, vectors)
    if method.ai == "ignore":
        return part, mine.votes.with_columns(decides=~pl.col("is_ai"))
    is_alone = ~models["item"].is_in(people["item"].unique().implode())
    alone = models.filter(is_alone)
    votes = mine.votes.with_columns(
        decides=~pl.col("is_ai") | pl.col("item").is_in(alone["item"].unique().implode())
    )
    if alone.height:
        measured = _measured(mine, part.posterior, models, alone, method)
        if measured is None:
            measured = _run(mine, models, _without_people(method), vectors).posterior
        rows = alone["item"].unique().to_numpy()
        part.posterior[rows] = measured[rows]
    return part, votes


def _without_people(method: Method) -> Method:
    """Return the method for models alone: a reward would learn from them what they say anyway."""
    is_plain = method.name in {"majority", "dawid-skene", "one-coin"}
    return Method(method.name if is_plain else "auto", method.ai, method.min_labels, method.seed)


def _run(
    mine: Read, votes: pl.DataFrame, method: Method, vectors: NDArray[np.float64] | None
) -> _Part:
    ratings = mine.ratings(votes)
    if method.name == "majority":
        return _Part(majority(ratings))
    if method.name in {"dawid-skene", "one-coin", "auto"}:
        below = {"dawid-skene": 0.0, "one-coin": math.inf}.get(method.name, method.min_labels)
        pseudo = _PSEUDO_JUDGMENTS if method.name == "auto" else 0.0
        found = dawid_skene(ratings, one_coin_below=below, pseudo_judgments=pseudo)
        return _Part(found.posterior)
    if vectors is None:  # pragma: no cover - the stage gives them
        raise AssertionError(method.name)
    if not votes.height:
        return _Part(np.full((ratings.n_items, _K), np.nan))
    return _with_reward(mine, ratings, method, vectors)


def _with_reward(
    mine: Read, ratings: Ratings, method: Method, vectors: NDArray[np.float64]
) -> _Part:
    """Run a method on comparisons of one aspect, as rows of their own, and put them back."""
    items = mine.comparisons["item"].to_numpy()
    groups = mine.comparisons["prompt_hash"].rank("dense").cast(pl.Int64).to_numpy()
    own = Ratings(
        np.searchsorted(items, ratings.items),
        ratings.annotators,
        ratings.labels,
        len(items),
        ratings.n_annotators,
        ratings.n_labels,
    )
    run = _em_reward if method.name == "em-rm" else _crowdlab
    part = run(vectors[items], own, folds(groups, _N_FOLDS, method.seed))
    posterior = np.full((ratings.n_items, _K), np.nan)
    posterior[items] = part.posterior
    return _Part(posterior, part.reliability)


def _em_reward(vectors: NDArray[np.float64], own: Ratings, fold: NDArray[np.int64]) -> _Part:
    found = em_reward(vectors, own, fold)
    shares = majority(own)
    # The method knows no ties, so a tie is what most votes say.
    is_tie = shares[:, _TIE] > np.maximum(shares[:, _A], shares[:, _B])
    tie = np.where(is_tie, (1 + shares[:, _TIE]) / 2, 0.0)
    posterior = np.stack([(1 - tie) * (1 - found.p_a), tie, (1 - tie) * found.p_a], axis=1)
    posterior[own.by_item() == 0] = np.nan
    return _Part(posterior, found.reliability)


def _crowdlab(vectors: NDArray[np.float64], own: Ratings, fold: NDArray[np.int64]) -> _Part:
    shares = majority(own)
    mean = np.nan_to_num(shares[:, _A] + shares[:, _TIE] / 2, nan=0.5)
    p_a = cross_fitted(vectors, mean, fold, weights=own.by_item())
    tie = np.full_like(p_a, (own.labels == _TIE).mean())
    try:
        found = crowdlab(own, np.stack([(1 - tie) * (1 - p_a), tie, (1 - tie) * p_a], axis=1))
    except ValueError as error:
        raise DataError(
            f"CROWDLAB cannot weigh these annotators: {error}.",
            where="method: crowdlab",
            fix="Use `method: em-rm`, which needs no two votes on a comparison, or `auto`.",
        ) from error
    return _Part(found.posterior, found.quality)


def _measured(
    mine: Read,
    posterior: NDArray[np.float64],
    models: pl.DataFrame,
    alone: pl.DataFrame,
    method: Method,
) -> NDArray[np.float64] | None:
    """Return what models come to that were measured where people voted; None if they cannot be.

    How often a model says what, where people come to what, is Bayes' rule's likelihood. Which
    response is a is arbitrary, so both are one case. A model is never read as the opposite of what
    it says: one that is wrong more often than right says nothing.
    """
    ratings = mine.ratings(models)
    right = posterior[ratings.items]
    is_known = np.asarray(~np.isnan(right).any(axis=1))
    n_known = ratings.by_annotator(is_known)
    if (
        method.name == "majority"
        or (n_known[alone["who"].unique().to_numpy()] < method.min_labels).any()
    ):
        return None
    table = np.zeros((ratings.n_annotators, _K, _K))
    for k in range(_K):
        np.add.at(
            table[:, k],
            (ratings.annotators[is_known], ratings.labels[is_known]),
            right[is_known, k],
        )
    table = table + table[:, ::-1, ::-1]
    table += 1.0  # so that nothing is impossible that was not seen
    prior = table[ratings.annotators[is_known]].sum(axis=(0, 2))
    likelihood = table / table.sum(axis=2, keepdims=True)
    said = mine.ratings(alone)
    logs = np.log(likelihood[said.annotators, :, said.labels])
    sums = np.stack([said.by_item(logs[:, k]) for k in range(_K)], axis=1) + np.log(prior)
    odds = np.exp(sums - sums.max(axis=1, keepdims=True))
    found = odds / odds.sum(axis=1, keepdims=True)
    lean = said.by_item(said.labels - 1.0)
    is_against = (found[:, _A] - found[:, _B]) * lean < 0
    found[is_against, _A] = found[is_against, _B] = found[is_against][:, [_A, _B]].mean(axis=1)
    return np.asarray(found)


def _reliability(
    mine: Read, votes: pl.DataFrame, part: _Part, method: Method
) -> NDArray[np.float64]:
    """Return how probable the votes of each annotator are, where somebody else decides too."""
    ratings = mine.ratings(votes)
    decides = votes["decides"].to_numpy()
    if method.name == "majority":
        return np.full(ratings.n_annotators, np.nan)
    n_deciding = ratings.by_item(decides.astype(np.float64))
    is_shared = n_deciding[ratings.items] - decides > 0
    found = reliability(ratings, part.posterior, is_shared)
    if part.reliability is None:
        return found
    return np.where(np.isnan(part.reliability), found, part.reliability)
