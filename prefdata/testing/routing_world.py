"""A world in which it is known where people beat the AI, so that routers can be marked.

A comparison is a vector ``d``, and a is truly better where ``w · d > 0``. The AI is mostly right,
but where a prompt carries one of a few tags (R_A) it takes verbosity for quality; people are
mostly right too, but tire where it carries one of a few others (R_H). So the best that can be done
with tags alone is to ask people on R_A without R_H, then on both, and to leave the rest.

Base rates, over worlds: R_A 27 % and R_H 33 % of the comparisons; neither 47 %, R_H alone 26 %,
R_A alone 20 %, both 7 %. People are right on 89 % and 65 % (R_H), the AI on 94 % and 69 % (R_A).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from prefdata.metrics.bradley_terry import fit_heads
from prefdata.protocols import Comparisons, RoutingData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Rows = NDArray[np.intp]

__all__ = [
    "Kind",
    "RoutingWorld",
    "label_accuracy",
    "model_accuracies",
    "model_accuracy",
    "recovered",
    "routing_world",
]

Kind = Literal["easy", "hard", "null"]

_DIMENSIONS = 24  # the first is verbosity
_SEEN_IF_HARD = 13
_VOTES = 3
# Length of what the reward model sees of w when the world is hard: no model of it is right on more
# than 1 - acos(.755) / pi = 77.2 %.
_SEEN_SHARE = 0.755
# A trace of verbosity in what is true, so that the biased AI is right on 68.7 % and not 67.8 %.
_VERBOSITY_IN_TRUTH = 0.04
_BIAS = 1.6
_BIASED_NOISE = 0.1
_AI_SLOPE = 9.0
_HUMAN_SLOPE = 5.0
_TIRED_SLOPE = 0.8
# Confidence is read off an own margin that is blurred this much, in the unit of the logit.
_CONFIDENCE_NOISE = 1.0

_DOMAINS = (
    "biology",
    "business",
    "chemical engineering",
    "computer sciences",
    "economics",
    "history",
    "law",
    "literature",
    "mathematics",
    "medicine",
    "religion",
    "visual arts",
)
_LEXICAL = (
    "bertscore",
    "bertscore_length",
    "cosine_sim",
    "entity_sim",
    "len_longer",
    "len_shorter",
    "prompt_len",
    "rouge",
    "token_len_diff",
)
# Shares of a moderate concern and of complex intents follow from those of R_A and R_H, of which
# two domains of twelve are a part: 1 - (10 / 12) (1 - share) is .27, and .33.
_CLOSED: dict[str, dict[str, float]] = {
    "domain": dict.fromkeys(_DOMAINS, 1 / 12),
    "safety": {"safe": 0.70, "low": 0.12, "moderate": 0.124, "high": 0.056},
    "complexity": {"simple": 0.404, "moderate": 0.40, "complex": 0.196},
    "expertise": {"general": 0.5, "basic": 0.35, "expert": 0.15},
    "openness": {"no": 0.2, "low": 0.3, "moderate": 0.3, "high": 0.2},
}
_BIASED = ("safety=moderate", "domain=religion", "domain=chemical engineering")
_TIRING = ("complexity=complex", "domain=computer sciences", "domain=mathematics")
_TAG_NAMES = (
    *(f"{feature}={value}" for feature, values in _CLOSED.items() for value in values),
    *(f"{feature}={level}" for feature in _LEXICAL for level in ("low", "middle", "high")),
)


@dataclass(frozen=True, slots=True)
class RoutingWorld:
    """One draw of the world: what routers see, and what only the marker knows."""

    kind: Kind
    data: RoutingData
    """What routers get; the pool has no human labels, and no column for them."""
    pool_humans: Floats
    """``(n_pool,)``: what one person would say of each comparison of the pool, 0 or 1."""
    pool_truth: Floats
    """``(n_pool,)``: 1 where a is truly better, else 0."""
    test_difference: Floats
    """``(n_test, p)``: comparisons on which a reward model is tested."""
    test_truth: Floats
    """``(n_test,)``."""
    p_human: Floats
    """``(n_pool,)``: probability that a person is right, given everything."""
    p_ai: Floats
    """``(n_pool,)``: probability that the AI is right, given everything."""
    tag_oracle: Floats
    """``(n_pool,)``: gain in label accuracy that is expected given the tags alone."""
    instance_oracle: Floats
    """``(n_pool,)``: gain in label accuracy that is expected given everything."""


@dataclass(frozen=True, slots=True)
class _Items:
    """Comparisons of which everything is known."""

    seen: Floats
    tags: NDArray[np.bool_]
    truth: Floats
    is_biased: NDArray[np.bool_]
    is_tiring: NDArray[np.bool_]
    p_human: Floats
    p_ai: Floats
    ai: Floats
    humans: Floats
    confidence: Floats


def routing_world(
    seed: int,
    *,
    kind: Kind = "easy",
    n_seed: int = 1000,
    n_evaluation: int = 800,
    n_pool: int = 5000,
    n_test: int = 5000,
) -> RoutingWorld:
    """Draw a world.

    Args:
        seed: Of everything in it, what is true included.
        kind: ``easy``: vectors show all 24 dimensions. ``hard``: they show 13, verbosity among
            them, so that no reward model is right on more than 77.2 %. ``null``: all dimensions,
            and no tag says anything: there is nothing to route by.
        n_seed: Comparisons with one human vote.
        n_evaluation: Comparisons with three.
        n_pool: Comparisons without, which are routed.
        n_test: Comparisons on which reward models are tested.
    """
    random = np.random.default_rng(seed)
    direction = _direction(random)
    n_all = (n_evaluation, n_seed, n_pool, n_test)
    items = _items(random, direction, kind, sum(n_all))
    # The rows are independent draws, so that any cut is a random one.
    cuts = np.cumsum((0, *n_all))
    evaluation, seeds, pool, test = (slice(start, stop) for start, stop in itertools.pairwise(cuts))
    data = RoutingData(
        _comparisons(items, evaluation, _VOTES),
        _comparisons(items, seeds, 1),
        _comparisons(items, pool, 0),
        _TAG_NAMES,
        ("confidence",),
    )
    return RoutingWorld(
        kind=kind,
        data=data,
        pool_humans=items.humans[pool, 0],
        pool_truth=items.truth[pool],
        test_difference=items.seen[test],
        test_truth=items.truth[test],
        p_human=items.p_human[pool],
        p_ai=items.p_ai[pool],
        tag_oracle=_tag_oracle(items)[pool],
        instance_oracle=items.p_human[pool] - items.p_ai[pool],
    )


def label_accuracy(world: RoutingWorld, chosen: Rows) -> float:
    """Return the share of the pool that is labelled right when people label the chosen rows.

    Args:
        world: A world.
        chosen: Rows of the pool whose label is a person's; the others keep the AI's.
    """
    return float((_mix(world, chosen) == world.pool_truth).mean())


def model_accuracy(world: RoutingWorld, chosen: Rows) -> float:
    """Return the accuracy of a reward model that was fitted to a mix of the labels.

    Args:
        world: A world.
        chosen: Rows of the pool whose label is a person's; the others keep the AI's.

    Returns:
        Its accuracy on the test comparisons.
    """
    return float(model_accuracies(world, [chosen])[0])


def model_accuracies(world: RoutingWorld, mixes: Sequence[Rows]) -> Floats:
    """Return the accuracy of a reward model for each of several mixes, fitted at once.

    Args:
        world: A world.
        mixes: For each mix, the rows of the pool whose label is a person's.

    Returns:
        ``(len(mixes),)`` accuracies on the test comparisons.
    """
    labels = np.stack([_mix(world, chosen) for chosen in mixes], axis=1)
    heads = fit_heads(world.data.pool.difference, labels)
    is_a = heads.scores(world.test_difference) > 0
    accuracies: Floats = (is_a == (world.test_truth == 1)[:, None]).mean(axis=0)
    return accuracies


def recovered(routed: Floats, at_random: Floats, best: Floats) -> float:
    """Return the share of what the oracle gains over chance that a router gains.

    Args:
        routed: ``(b,)`` accuracies of the router's mixes, by budget.
        at_random: ``(b,)`` of mixes whose human labels were drawn.
        best: ``(b,)`` of the mixes of the oracle that knows what each tag is worth.

    Returns:
        Area between router and random over area between oracle and random; more than 1 where
        the router sees what tags do not tell.
    """
    return float((routed - at_random).sum() / (best - at_random).sum())


def _mix(world: RoutingWorld, chosen: Rows) -> Floats:
    labels = world.data.pool.ai.copy()
    labels[chosen] = world.pool_humans[chosen]
    return labels


def _direction(random: np.random.Generator) -> Floats:
    """Draw what is true: a unit vector whose length in the seen dimensions is fixed."""
    direction = random.standard_normal(_DIMENSIONS)
    direction[0] = _VERBOSITY_IN_TRUTH
    seen, unseen = direction[1:_SEEN_IF_HARD], direction[_SEEN_IF_HARD:]
    seen *= math.sqrt(_SEEN_SHARE**2 - _VERBOSITY_IN_TRUTH**2) / np.linalg.norm(seen)
    unseen *= math.sqrt(1 - _SEEN_SHARE**2) / np.linalg.norm(unseen)
    return direction


def _items(random: np.random.Generator, direction: Floats, kind: Kind, n: int) -> _Items:
    from scipy.special import expit, ndtr

    d = random.standard_normal((n, _DIMENSIONS))
    tags = _tags(random, n)
    margin = d @ direction
    sign = np.where(margin > 0, 1.0, -1.0)
    is_biased, is_tiring = (_any(tags, names) for names in (_BIASED, _TIRING))
    if kind == "null":
        is_biased = is_tiring = np.zeros(n, dtype=bool)
    biased = margin + _BIAS * d[:, 0]
    # The sign of a margin with logistic noise is right with the probability that is asked for.
    own = np.where(
        is_biased,
        biased + _BIASED_NOISE * random.standard_normal(n),
        margin + random.logistic(scale=1 / _AI_SLOPE, size=n),
    )
    p_human = expit(np.where(is_tiring, _TIRED_SLOPE, _HUMAN_SLOPE) * np.abs(margin))
    p_ai = np.where(
        is_biased, ndtr(sign * biased / _BIASED_NOISE), expit(_AI_SLOPE * sign * margin)
    )
    is_right = random.random((n, _VOTES)) < p_human[:, None]
    blurred = 2 * np.abs(own) + _CONFIDENCE_NOISE * random.standard_normal(n)
    return _Items(
        seen=d[:, :_SEEN_IF_HARD] if kind == "hard" else d,
        tags=tags,
        truth=(margin > 0).astype(float),
        is_biased=is_biased,
        is_tiring=is_tiring,
        p_human=p_human,
        p_ai=p_ai,
        ai=(own > 0).astype(float),
        humans=(is_right == (margin > 0)[:, None]).astype(float),
        confidence=expit(blurred),
    )


def _tags(random: np.random.Generator, n: int) -> NDArray[np.bool_]:
    """Draw the tags: one value of each feature, features independent of one another."""
    third = np.full(3, 1 / 3)
    shares = [*(np.array([*values.values()]) for values in _CLOSED.values()), *[third] * 9]
    drawn = (random.choice(len(share), size=n, p=share) for share in shares)
    columns = [
        value[:, None] == np.arange(len(share)) for value, share in zip(drawn, shares, strict=True)
    ]
    return np.concatenate(columns, axis=1)


def _any(tags: NDArray[np.bool_], names: tuple[str, ...]) -> NDArray[np.bool_]:
    columns = [_TAG_NAMES.index(name) for name in names]
    return np.asarray(tags[:, columns].any(axis=1))


def _tag_oracle(items: _Items) -> Floats:
    """Return for each comparison the mean gain of its cell: who errs there depends on no more."""
    cell = 2 * items.is_biased + items.is_tiring
    gains = np.bincount(cell, items.p_human - items.p_ai, minlength=4)
    means: Floats = (gains / np.maximum(np.bincount(cell, minlength=4), 1))[cell]
    return means


def _comparisons(items: _Items, rows: slice, n_votes: int) -> Comparisons:
    """Cut out some comparisons; each has a prompt of its own."""
    return Comparisons(
        difference=items.seen[rows],
        tags=items.tags[rows],
        signals=items.confidence[rows, None],
        ai=items.ai[rows],
        humans=items.humans[rows, :n_votes],
        groups=np.arange(len(items.ai))[rows],
    )
