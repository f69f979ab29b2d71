"""What every router promises, checked on a small world with ties and gaps.

from prefdata.testing.routers import assert_router_contract

def test_my_router():
    assert_router_contract(my_router)
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.protocols import Comparisons, Gains, RouterContext, RoutingData
from prefdata.testing.routing_world import routing_world

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.protocols import Params, Router

    Floats = NDArray[np.floating[Any]]

__all__ = ["assert_router_contract", "small_data"]

_SEED = 2**40 + 1  # plans have large seeds
_TIE = 0.5
_CLOSE = 1e-3  # of the spread of the gains: fits end where a step is small
_FEW = 0.05  # rows that may differ by more, as those whose ranks change places


def assert_router_contract(router: Router, params: Params | None = None) -> None:
    """Check what every router promises.

    Args:
        router: The router.
        params: With what; its defaults when None.

    Raises:
        AssertionError: If a promise is broken; the message says which.
    """
    data = small_data()
    gains = _fit(router, params, data)
    _assert_well_formed(gains, data.pool)
    _assert_chooses(gains, len(data.pool))
    again = _fit(router, params, small_data())
    for name in ("gain", "se", "contributions"):
        assert np.array_equal(_array(gains, name), _array(again, name)), (
            f"another run with the same seed gives another {name}"
        )
    assert np.array_equal(gains.chosen(50), again.chosen(50)), "another run chooses others"
    told = replace(data.pool, humans=np.ones((len(data.pool), 2)))
    blind = _fit(router, params, replace(data, pool=told))
    assert np.array_equal(gains.gain, blind.gain), "the router reads what people say of the pool"
    _assert_symmetric(router, params, data, gains)
    _assert_follows_rows(router, params, data, gains)
    _assert_survives_poor_data(router, params, data)


def small_data(seed: int = 0) -> RoutingData:
    """Return a small world to learn from, with ties, missing votes and unknown signals.

    Its arrays cannot be written to: a router that changes what it is given fails.
    """
    data = routing_world(seed, n_seed=150, n_evaluation=150, n_pool=200, n_test=1).data
    random = np.random.default_rng([seed, 2])
    return RoutingData(
        _frozen(_blurred(data.evaluation, random)),
        _frozen(_blurred(data.seed, random)),
        _frozen(_blurred(data.pool, random)),
        data.tag_names,
        data.signal_names,
    )


def _fit(router: Router, params: Params | None, data: RoutingData) -> Gains:
    return router.fit(data, params or router.params(), RouterContext(seed=_SEED))


def _blurred(comparisons: Comparisons, random: np.random.Generator) -> Comparisons:
    """Make some labels ties, take some third votes away and forget some signals."""
    n = len(comparisons)
    ai, humans = comparisons.ai.copy(), comparisons.humans.copy()
    signals = comparisons.signals.copy()
    ai[random.random(n) < 0.05] = _TIE  # noqa: PLR2004
    humans[random.random(humans.shape) < 0.05] = _TIE  # noqa: PLR2004
    humans[random.random(n) < 0.1, 2:] = np.nan  # noqa: PLR2004
    signals[random.random(n) < 0.1] = np.nan  # noqa: PLR2004
    # Every other comparison has the prompt of the one before it.
    groups = comparisons.groups // 2
    return replace(comparisons, ai=ai, humans=humans, signals=signals, groups=groups)


def _frozen(comparisons: Comparisons) -> Comparisons:
    for field in fields(comparisons):
        getattr(comparisons, field.name).setflags(write=False)
    return comparisons


def _array(gains: Gains, name: str) -> Floats:
    found = getattr(gains, name)
    return np.zeros(0) if found is None else np.asarray(found)


def _assert_well_formed(gains: Gains, pool: Comparisons) -> None:
    n = len(pool)
    assert gains.gain.shape == (n,), f"gains have the shape {gains.gain.shape}, not ({n},)"
    assert np.isfinite(gains.gain).all(), "some gains are not finite"
    if gains.se is not None:
        assert gains.se.shape == (n,), "standard errors have another shape than gains"
        assert (np.isfinite(gains.se) & (gains.se >= 0)).all(), "standard errors below 0, or NaN"
    if gains.contributions is not None:
        assert gains.contributions.shape == pool.tags.shape, "contributions are not of the tags"
        assert np.isfinite(gains.contributions).all(), "some contributions are not finite"
        assert not gains.contributions[~pool.tags].any(), "a tag that does not hold contributes"
    if gains.accuracy is not None:
        for part in gains.accuracy:
            assert part.shape == (n,), "accuracies have another shape than gains"
            assert ((part >= 0) & (part <= 1)).all(), "accuracies are not probabilities"
    facts = np.array([*gains.facts.values()], dtype=float)
    assert np.isfinite(facts).all(), f"facts that are not finite: {dict(gains.facts)}"
    if gains.refusal is not None:
        assert gains.refusal.endswith("."), "a refusal is a sentence"


def _assert_chooses(gains: Gains, n: int) -> None:
    for budget in (0, 1, n // 3, n):
        chosen = gains.chosen(budget)
        assert len(chosen) == budget, f"{len(chosen)} comparisons for a budget of {budget}"
        assert len(np.unique(chosen)) == budget, "a comparison is chosen twice"
        assert not budget or (chosen.min() >= 0 and chosen.max() < n), "there is no such row"
        assert np.array_equal(chosen, gains.chosen(budget)), "asked again, it chooses others"


def _assert_symmetric(
    router: Router, params: Params | None, data: RoutingData, gains: Gains
) -> None:
    random = np.random.default_rng(3)
    swapped = replace(
        data,
        evaluation=_swapped(data.evaluation, random),
        seed=_swapped(data.seed, random),
        pool=_swapped(data.pool, random),
    )
    found = _fit(router, params, swapped).gain
    assert _is_same(found, gains.gain), "swapping a and b changes gains"


def _swapped(comparisons: Comparisons, random: np.random.Generator) -> Comparisons:
    """Swap a and b of about half of the comparisons."""
    is_swapped = random.random(len(comparisons)) < _TIE
    return replace(
        comparisons,
        difference=np.where(is_swapped[:, None], -comparisons.difference, comparisons.difference),
        ai=np.where(is_swapped, 1 - comparisons.ai, comparisons.ai),
        humans=np.where(is_swapped[:, None], 1 - comparisons.humans, comparisons.humans),
    )


def _assert_follows_rows(
    router: Router, params: Params | None, data: RoutingData, gains: Gains
) -> None:
    order = np.random.default_rng(4).permutation(len(data.pool))
    found = _fit(router, params, replace(data, pool=data.pool.take(order))).gain
    # Random choice does not look at rows: its gains stay where they are.
    assert _is_same(found, gains.gain[order]) or np.array_equal(found, gains.gain), (
        "the gain of a comparison depends on where it stands"
    )


def _assert_survives_poor_data(router: Router, params: Params | None, data: RoutingData) -> None:
    """Check data from which nothing can be learnt: they may refuse, but not fail."""
    agreed = [
        replace(part, humans=np.repeat(part.ai[:, None], part.humans.shape[1], axis=1))
        for part in (data.evaluation, data.seed)
    ]
    bare = [
        replace(part, tags=part.tags[:, :0], signals=part.signals[:, :0])
        for part in (data.evaluation, data.seed, data.pool)
    ]
    for poor in (
        replace(data, evaluation=agreed[0], seed=agreed[1]),
        replace(data, evaluation=bare[0], seed=bare[1], pool=bare[2], tag_names=()),
        replace(data, pool=data.pool.take(np.arange(1))),
    ):
        _assert_well_formed(_fit(router, params, poor), poor.pool)


def _is_same(one: Floats, other: Floats) -> bool:
    tolerance = _CLOSE * (np.ptp(other) or 1.0)
    return bool((np.abs(one - other) > tolerance).mean() <= _FEW)
