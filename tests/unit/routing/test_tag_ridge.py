"""Ridge regression on tags: that of scikit-learn, with its strength found by leaving rows out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from prefdata.routing.tag_ridge import fit_tags, tag_bootstrap

Floats = NDArray[np.float64]


def _drawn(seed: int, n: int = 200, noise: float = 1.0) -> tuple[NDArray[np.bool_], Floats]:
    random = np.random.default_rng(seed)
    tags = random.random((n, 6)) < [0.05, 0.2, 0.5, 0.5, 0.9, 0.3]
    tags[:, 5] = False
    values = tags @ [3.0, 1.0, 0.0, 0.0, -1.0, 9.0] + 2 + noise * random.standard_normal(n)
    return tags, values


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_the_fit_and_its_strength_are_those_of_scikit_learn(seed: int) -> None:
    from sklearn.linear_model import RidgeCV
    from sklearn.preprocessing import StandardScaler

    tags, values = _drawn(seed)
    scaled = StandardScaler().fit_transform(tags.astype(float))
    theirs = RidgeCV(alphas=200 * np.geomspace(1e-3, 1e2, 26)).fit(scaled, values)
    ours = fit_tags(tags, values)
    assert ours.ridge == pytest.approx(theirs.alpha_ / 200)
    assert np.allclose(ours.predict(tags), theirs.predict(scaled))


def test_a_tag_that_never_holds_contributes_nothing() -> None:
    tags, values = _drawn(0)
    model = fit_tags(tags, values)
    assert model.weights[5] == 0
    contributions = model.contributions(tags)
    assert (contributions[~tags] == 0).all()
    assert np.allclose(model.intercept + contributions.sum(axis=1), model.predict(tags))


def test_values_without_noise_are_found_again() -> None:
    tags, values = _drawn(0, noise=0.0)
    model = fit_tags(tags, values, ridge=1e-9)
    assert np.allclose(model.weights, [3, 1, 0, 0, -1, 0], atol=1e-6)
    assert model.intercept == pytest.approx(2)


def test_noise_is_shrunk_away() -> None:
    tags, _ = _drawn(0)
    noise = np.random.default_rng(1).standard_normal(200)
    assert fit_tags(tags, noise).ridge > 1
    assert fit_tags(tags, np.zeros(200)).ridge == 100


def test_standard_errors_are_those_of_other_samples() -> None:
    found = [fit_tags(*_drawn(seed), ridge=0.01) for seed in range(60)]
    tags, values = _drawn(0)
    drawn = np.random.default_rng(0).multinomial(200, np.full(200, 1 / 200), size=200)
    draws = drawn.T.astype(float)
    covariance = tag_bootstrap(tags, np.repeat(values[:, None], 200, axis=1), draws, 0.01)
    claimed = found[0].standard_errors(tags, covariance)
    shown = np.std([model.predict(tags) for model in found], axis=0)
    assert np.mean(claimed / shown) == pytest.approx(1, abs=0.25)


def test_a_draw_of_every_row_once_is_the_sample_itself() -> None:
    tags, values = _drawn(0)
    model = fit_tags(tags, values, ridge=0.1)
    twice = np.repeat(values[:, None], 2, axis=1)
    once = np.ones((200, 2))
    assert np.allclose(tag_bootstrap(tags, twice, once, 0.1), 0)
    shifted = tag_bootstrap(tags, np.column_stack([values, values + 1]), once, 0.1)
    assert shifted[0, 0] == pytest.approx(0.5)
    assert np.allclose(shifted[1:, 1:], 0)
    assert np.allclose(tag_bootstrap(tags, values[:, None], once[:, :1], 0.1), 0)
    assert model.standard_errors(tags, np.zeros((7, 7))).tolist() == [0.0] * 200
