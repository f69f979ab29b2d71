"""Which model wrote which utterance of the synthetic PRISM.

The responses to the first turn come from different models; later responses come from the model that
was chosen there. The published number of utterances of all 21 models holds at scale 1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prefdata.testing.world.counts import apportion
from prefdata.testing.world.prism_tables import MODELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["assign_models"]

_PASSES = 200


def assign_models(
    rng: np.random.Generator, sizes: Ints, first: Ints, is_chosen: Bools
) -> list[str]:
    """Name the model of every utterance.

    Args:
        rng: Decides who meets whom.
        sizes: ``(conversations,)``, utterances of each.
        first: ``(conversations,)``, responses in the first turn of each.
        is_chosen: ``(first.sum(),)``, the chosen ones among the opening responses.
    """
    names = list(MODELS)
    targets = np.array(list(apportion(MODELS, int(sizes.sum())).values()))
    late = sizes - first
    chosen = _chosen_models(rng, late, targets)
    openings = targets - np.bincount(chosen, weights=late, minlength=len(names)).astype(np.int64)
    others = openings - np.bincount(chosen, minlength=len(names))
    _settle(others)
    of = np.repeat(np.arange(len(sizes)), first)
    opening_models = np.empty(len(of), dtype=np.int64)
    opening_models[is_chosen] = chosen
    opening_models[~is_chosen] = _deal(rng, others, of[~is_chosen], chosen)

    begins = np.cumsum(sizes) - sizes
    models = np.repeat(chosen, sizes)
    spots = np.repeat(begins - (np.cumsum(first) - first), first) + np.arange(len(of))
    models[spots] = opening_models
    return [names[index] for index in models.tolist()]


def _chosen_models(rng: np.random.Generator, late: Ints, targets: Ints) -> Ints:
    """Choose the winner of each first turn so that later turns fit into the targets."""
    budget = targets * (late.sum() / targets.sum())
    chosen = np.empty(len(late), dtype=np.int64)
    for conversation in rng.permutation(len(late)).tolist():  # each choice depends on the last
        spread = budget + rng.random(len(budget)) * 12
        model = int(spread.argmax())
        chosen[conversation] = model
        budget[model] -= late[conversation]
    return chosen


def _settle(counts: Ints) -> None:
    """Take what is below zero from the largest; happens only far below the published size."""
    while (counts < 0).any():
        counts[counts.argmin()] += 1
        counts[counts.argmax()] -= 1


def _deal(rng: np.random.Generator, counts: Ints, of: Ints, chosen: Ints) -> Ints:
    """Deal models to opening responses, no model twice in one first turn."""
    cards = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    for _ in range(_PASSES):
        clash = _clashes(cards, of, chosen)
        if not len(clash):
            break
        # Clashing cards trade places with cards anywhere; a few passes leave none.
        partners = rng.permutation(len(cards))[: len(clash)]
        for one, two in zip(clash.tolist(), partners.tolist(), strict=True):
            cards[[one, two]] = cards[[two, one]]
    return np.asarray(cards, dtype=np.int64)


def _clashes(cards: Ints, of: Ints, chosen: Ints) -> Ints:
    keys = of * 64 + cards
    order = np.argsort(keys, kind="stable")
    repeated = np.zeros(len(cards), dtype=bool)
    repeated[order[1:]] = keys[order[1:]] == keys[order[:-1]]
    return np.flatnonzero(repeated | (cards == chosen[of]))
