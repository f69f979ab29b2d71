"""Models of what mixes are worth find what was planted, and say when there is nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pytest

from prefdata.routing.mixes import draw_mixes, tag_counts
from prefdata.routing.performance import Form, MeasuredMixes, fit_performance, measure_mixes
from prefdata.testing.routers import small_data

__all__: list[str] = []

_FORMS = get_args(Form)
_N, _WORTH = 400, np.array([2.0, 0.0, 0.0, -1.0, 0.0, 0.0])


def _mixes(*, noise: float = 0.01, worth: np.ndarray = _WORTH, n_mixes: int = 120) -> MeasuredMixes:
    """Return mixes in which each label on a tag is worth so much."""
    random = np.random.default_rng(0)
    tags = random.random((_N, 6)) < [0.1, 0.3, 0.5, 0.3, 0.2, 0.4]
    mixes = draw_mixes(tags, n_mixes, seed=0)
    counts = tag_counts(tags, mixes)
    performance = counts @ worth / _N + noise * random.standard_normal(len(counts))
    return MeasuredMixes(
        counts, mixes.sum(axis=0).astype(float), performance, _N, tags.mean(axis=0)
    )


@pytest.mark.parametrize("form", _FORMS)
def test_what_a_tag_is_worth_is_found(form: Form) -> None:
    model = fit_performance(_mixes(), form, seed=0)
    gains = model.gains(np.eye(6, dtype=bool))
    if form == "quadratic":
        # Its products of counts hold the tags too, so only the two ends are sure.
        assert gains.gain[0] > gains.gain[3]
    else:
        assert gains.gain.argmax() == 0
        assert gains.gain.argmin() == 3
    assert gains.refusal is None
    assert gains.facts["rank_correlation"] > 0.8 > gains.facts["rank_correlation_null"]


def test_gains_of_excess_shares_are_worth_for_one_label() -> None:
    gains = fit_performance(_mixes(noise=0.001), "ridge-excess", seed=0).gains(
        np.eye(6, dtype=bool)
    )
    assert gains.se is not None
    # What a tag is worth beside the others, but for what the budget as a whole is worth.
    assert (gains.gain - gains.gain[1]) * 6 == pytest.approx(_WORTH, abs=0.1)


@pytest.mark.parametrize("form", _FORMS)
def test_without_an_effect_it_refuses(form: Form) -> None:
    mixes = replace(_mixes(), performance=np.random.default_rng(1).standard_normal(122))
    refusal = fit_performance(mixes, form, seed=0).gains(np.eye(6, dtype=bool)).refusal
    assert refusal is not None
    assert "rank correlation" in refusal


def test_the_fact_tells_what_the_budget_alone_ranks() -> None:
    everywhere = fit_performance(_mixes(worth=np.ones(6)), "ridge-excess", seed=0)
    by_tag = fit_performance(_mixes(worth=np.array([3.0, -1, 0, 0, 0, 0])), "ridge-excess", seed=0)
    assert everywhere.rank_correlation_budget > 0.9 > by_tag.rank_correlation_budget
    assert by_tag.rank_correlation > 0.9


@pytest.mark.parametrize("form", ["linear", "quadratic"])
def test_gains_of_counts_are_predictions_for_one_comparison(form: Form) -> None:
    model = fit_performance(_mixes(), form, seed=0)
    tags = np.random.default_rng(2).random((20, 6)) < 0.5
    alone = model.predict(tags.astype(float), np.ones(20), _N)
    nothing = model.predict(np.zeros((1, 6)), np.zeros(1), _N)
    gains = model.gains(tags)
    assert gains.gain == pytest.approx(alone - nothing)
    assert gains.contributions is not None
    assert gains.contributions.sum(axis=1) == pytest.approx(gains.gain)


def test_contributions_of_excess_shares_tell_comparisons_apart() -> None:
    tags = np.random.default_rng(2).random((20, 6)) < 0.5
    gains = fit_performance(_mixes(), "ridge-excess", seed=0).gains(tags)
    assert gains.contributions is not None
    rest = gains.gain - gains.contributions.sum(axis=1)
    assert rest == pytest.approx(rest[0])


def test_excess_shares_and_their_model_do_not_depend_on_the_size() -> None:
    mixes = _mixes()
    tenfold = replace(mixes, counts=10 * mixes.counts, budgets=10 * mixes.budgets, n=10 * _N)
    one, other = (fit_performance(m, "ridge-excess", seed=0) for m in (mixes, tenfold))
    few = np.random.default_rng(3).random((20, 6)) < 0.5
    assert other.gains(few).gain == pytest.approx(one.gains(few).gain)
    expected = one.predict(mixes.counts, mixes.budgets, _N)
    assert other.predict(tenfold.counts, tenfold.budgets, 10 * _N) == pytest.approx(expected)
    assert one.predict(tenfold.counts, tenfold.budgets, 10 * _N) == pytest.approx(expected)


def test_a_tag_that_all_have_tells_nothing() -> None:
    mixes = _mixes()
    everyone = np.column_stack([mixes.counts, mixes.budgets])
    with_it = replace(mixes, counts=everyone, shares=np.append(mixes.shares, 1.0))
    tags = np.eye(7, dtype=bool)
    gains = fit_performance(with_it, "ridge-excess", seed=0).gains(tags)
    assert gains.contributions is not None
    assert gains.contributions[6].tolist() == [0.0] * 7
    assert np.isfinite(gains.gain).all()


@pytest.mark.parametrize("measure", ["log-loss", "accuracy"])
def test_mixes_are_measured_on_the_decided_comparisons(
    measure: Literal["log-loss", "accuracy"],
) -> None:
    data = small_data()
    found = measure_mixes(data, 30, seed=0, measure=measure)
    assert found.counts.shape == (32, len(data.tag_names))
    assert found.budgets[:2].tolist() == [0, len(data.seed)]
    assert found.n == len(data.seed)
    low, high = (-1.0, 0.0) if measure == "log-loss" else (0.5, 1.0)
    assert ((found.performance > low) & (found.performance < high)).all()


def test_without_a_majority_nothing_can_be_learnt() -> None:
    data = small_data()
    undecided = replace(data.evaluation, humans=np.full((len(data.evaluation), 3), 0.5))
    mixes = measure_mixes(replace(data, evaluation=undecided), 30, seed=0)
    gains = fit_performance(mixes, "ridge-excess", seed=0).gains(data.pool.tags)
    assert gains.refusal is not None
    assert np.isfinite(gains.gain).all()
