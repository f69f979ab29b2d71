"""The judge favours length by the planted coefficient, and its extremes are as many as asked."""

from __future__ import annotations

import numpy as np
import pytest

from prefdata.testing.world.judge import LENGTH_BIAS, Verdicts, judge
from prefdata.testing.world.values import Styles, draw_styles

__all__: list[str] = []


@pytest.fixture(scope="module")
def judged() -> tuple[Styles, Verdicts]:
    rng = np.random.default_rng(0)
    styles = draw_styles(rng, 12_000).reshape(3_000, 4, -1)
    models = np.argsort(rng.random((3_000, 17)), axis=1)[:, :4]
    return styles, judge(rng, styles, models, n_extreme=100, short_row=5)


def test_a_regression_finds_the_bias(judged: tuple[Styles, Verdicts]) -> None:
    styles, verdicts = judged
    plain = ~verdicts.flipped & ~verdicts.is_extreme & (verdicts.ratings > 0).all(axis=2)
    plain &= (verdicts.overall > 1.5) & (verdicts.overall < 9.5)
    mean = verdicts.ratings.mean(axis=2)[plain]
    left = np.stack([styles[..., 0][plain], mean, np.ones_like(mean)], axis=1)
    slope = np.linalg.lstsq(left, verdicts.overall[plain], rcond=None)[0][0]
    assert slope == pytest.approx(LENGTH_BIAS, rel=0.15)


def test_aspects_do_not_see_length(judged: tuple[Styles, Verdicts]) -> None:
    styles, verdicts = judged
    mean = verdicts.ratings.mean(axis=2)
    assert abs(np.corrcoef(styles[..., 0].ravel(), mean.ravel())[0, 1]) < 0.05


def test_the_published_fix_can_be_replayed(judged: tuple[Styles, Verdicts]) -> None:
    _, verdicts = judged
    extreme = verdicts.is_extreme
    mean = verdicts.ratings.mean(axis=2)
    assert int(extreme.sum()) == 100
    assert not extreme[5, 1:].any()
    assert (mean[verdicts.is_one] <= 2).all()
    assert (verdicts.overall[verdicts.is_one] == 1).all()
    tens = verdicts.overall == 10
    assert (mean[tens] > 4).all()
    assert (extreme | ((verdicts.overall > 1) & (verdicts.overall < 10))).all()
