"""Routers that are fitted to one half of the labels, and what they choose of the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.protocols.routing import Comparisons, Gains, RoutingData
from prefdata.routing.margins import folds
from prefdata.routing.truth import left_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.bool_]

__all__ = ["Half", "Routers", "concatenate", "crossfit", "ordered"]

Routers = Mapping[str, Callable[[RoutingData, int], Gains]]
"""Routers by name: functions of the data and a seed."""

_MOST_OF_POOL = 5000
"""More of the pool than this tells a router nothing that its evaluation could show."""


@dataclass(frozen=True, slots=True)
class Half:
    """What routers that were fitted to the other half choose of this one.

    Masks are ``(policies, shares, rows)``: the routers in their order, then the draws at random.
    """

    evaluation: Rows
    """Which comparisons of the evaluation set are of this half."""
    seed: Rows
    """Which of the seed set."""
    of_evaluation: Rows
    """Masks over these; after the draws, that of the oracle."""
    of_seed: Rows
    """Masks over those; there is no oracle, for the truth of one vote is unknown."""
    gains: Mapping[str, Gains]
    """What the routers said, and why they refused."""


def ordered(data: RoutingData) -> RoutingData:
    """Put rows into an order that depends neither on theirs nor on which response is a."""
    return replace(
        data,
        evaluation=_ordered(data.evaluation),
        seed=_ordered(data.seed),
        pool=_ordered(data.pool),
    )


def crossfit(
    data: RoutingData,
    routers: Routers,
    *,
    shares: Sequence[float],
    n_draws: int,
    seed: int,
) -> Iterator[Half]:
    """Fit routers to each half of the labels, by prompt, and let them choose of the other.

    What is chosen of comes to a router as its pool, without human labels, and some of the real
    pool with it, which routers may learn from as they would in use. Its gains are ranked in the
    evaluation and in the seed set apart, so that a share means the same in both.

    Args:
        data: With rows as `ordered` gives them.
        routers: By name.
        shares: Shares of comparisons that people judge.
        n_draws: Draws at random.
        seed: Of halves, draws and routers.
    """
    at = _halves(data, seed)
    for half in range(2):
        mine, seeds = (at[part] == half for part in ("evaluation", "seed"))
        fitted = replace(
            data,
            evaluation=data.evaluation.take(~mine),
            seed=data.seed.take(~seeds),
            pool=_pool(data, mine, seeds, seed),
        )
        gains = {
            name: function(fitted, seed * 2 + half) for name, function in sorted(routers.items())
        }
        random = np.random.default_rng([seed, half])
        n, n_seeds = int(mine.sum()), int(seeds.sum())
        chosen = [_masks(gains[name], n, n_seeds, shares) for name in routers]
        drawn = [_drawn(random, n, n_seeds, shares) for _ in range(n_draws)]
        oracle = _top(_hindsight(data.evaluation.take(mine)), n, shares)
        yield Half(
            evaluation=mine,
            seed=seeds,
            of_evaluation=np.stack([*(of for of, _ in chosen + drawn), oracle]),
            of_seed=np.stack([of for _, of in chosen + drawn]),
            gains=gains,
        )


def concatenate(parts: Sequence[Comparisons]) -> Comparisons:
    """Put comparisons one after the other, without their human labels."""
    n = sum(len(part) for part in parts)
    return Comparisons(
        difference=np.concatenate([part.difference for part in parts]),
        tags=np.concatenate([part.tags for part in parts]),
        signals=np.concatenate([part.signals for part in parts]),
        ai=np.concatenate([part.ai for part in parts]),
        humans=np.empty((n, 0)),
        groups=np.concatenate([part.groups for part in parts]),
    )


def _ordered(comparisons: Comparisons) -> Comparisons:
    # Sums over a row and sizes of differences do not change when a and b are swapped.
    size = np.abs(comparisons.difference.astype(np.float64)).sum(axis=1)
    sureness = np.abs(comparisons.ai - 0.5)
    return comparisons.take(np.lexsort((sureness, size, comparisons.groups)))


def _halves(data: RoutingData, seed: int) -> dict[str, NDArray[np.int64]]:
    """Return the half of each comparison; those of one prompt share theirs, in both sets."""
    groups = data.evaluation.groups
    at = folds(groups, 2, seed)
    of_group = dict(zip(groups.tolist(), at.tolist(), strict=True))
    others = folds(data.seed.groups, 2, seed + 1)
    # A prompt in both sets is rare, and must not be learnt from and tested on.
    seeds = [
        of_group.get(group, half)
        for group, half in zip(data.seed.groups.tolist(), others.tolist(), strict=True)
    ]
    return {"evaluation": at, "seed": np.array(seeds, dtype=np.int64)}


def _pool(data: RoutingData, mine: Rows, seeds: Rows, seed: int) -> Comparisons:
    tested = [data.evaluation.take(mine), data.seed.take(seeds)]
    names = np.concatenate([part.groups for part in tested])
    # Labels of one prompt on both sides would tell a router what it is tested on.
    others = np.flatnonzero(~np.isin(data.pool.groups, names))
    random = np.random.default_rng(seed)
    kept = np.sort(random.permutation(others)[:_MOST_OF_POOL])
    return concatenate([*tested, data.pool.take(kept)])


def _masks(gains: Gains, n: int, n_seeds: int, shares: Sequence[float]) -> tuple[Rows, Rows]:
    """Return what a router chooses of the evaluation and of the seed set at each share."""
    parts = slice(0, n), slice(n, n + n_seeds)
    if gains.choose is None:
        found = [_top(gains.gain[part], part.stop - part.start, shares) for part in parts]
        return found[0], found[1]
    masks = [np.zeros((len(shares), part.stop - part.start), dtype=bool) for part in parts]
    n_all = len(gains.gain)
    for at, share in enumerate(shares):
        mix = np.asarray(gains.choose(round(share * n_all)))
        # The mix first, in its order, and where it has too few of a set, what gains most.
        place = np.full(n_all, n_all)
        place[mix] = np.arange(len(mix))
        order = np.lexsort((-gains.gain, place))
        rank = np.empty(n_all, dtype=np.intp)
        rank[order] = np.arange(n_all)
        for mask, part in zip(masks, parts, strict=True):
            mask[at] = _top(-rank[part], part.stop - part.start, [share])[0]
    return masks[0], masks[1]


def _top(gain: NDArray[np.floating[Any] | np.intp], n: int, shares: Sequence[float]) -> Rows:
    """Return masks of the highest gains at each share; the first of those that gain the same."""
    rank = np.empty(n, dtype=np.intp)
    rank[np.argsort(-gain, kind="stable")] = np.arange(n)
    return np.stack([rank < round(share * n) for share in shares])


def _drawn(
    random: np.random.Generator, n: int, n_seeds: int, shares: Sequence[float]
) -> tuple[Rows, Rows]:
    return _top(random.random(n), n, shares), _top(random.random(n_seeds), n_seeds, shares)


def _hindsight(comparisons: Comparisons) -> NDArray[np.float64]:
    """Return by how many votes people beat the AI: what the oracle knows."""
    votes = left_out(comparisons)
    return votes.human - votes.ai
