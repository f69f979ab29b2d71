"""Blocks of rows add up to what all rows at once give."""

from __future__ import annotations

import numpy as np
import pytest

from prefdata.metrics import bradley_terry_rows
from prefdata.metrics.bradley_terry_rows import NumpyRows, sigmoid


@pytest.mark.parametrize("n_weights", [0, 1, 3])
@pytest.mark.parametrize("at_once", [7, 1024])
def test_sums_over_blocks_are_sums(
    n_weights: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bradley_terry_rows, "_ROWS_AT_ONCE", at_once)
    random = np.random.default_rng(0)
    x, labels = random.standard_normal((50, 4)), random.random((50, 3))
    masses = random.random((50, n_weights)) if n_weights else None
    if masses is not None:
        masses /= masses.sum(axis=0)
    counts = np.full((50, 3), 1 / 50) if masses is None else np.broadcast_to(masses, (50, 3))
    weights = random.standard_normal((4, 3))
    rows = NumpyRows(x, labels, masses)
    chances = 1 / (1 + np.exp(-x @ weights))
    wanted = x.T @ (counts * (chances - labels))
    assert np.allclose(rows.gradients(weights, None, is_rough=False), wanted)
    assert np.allclose(rows.gradients(weights, None, is_rough=True), wanted, atol=1e-5)
    some = np.array([2, 0])
    assert np.allclose(rows.gradients(weights[:, some], some, is_rough=False), wanted[:, some])
    bend = counts[:, 2] * chances[:, 2] * (1 - chances[:, 2])
    hessian = (x * bend[:, None]).T @ x
    assert np.allclose(rows.hessian(weights[:, 2], 2, is_rough=False), hessian)
    assert np.allclose(rows.hessian(weights[:, 2], 2, is_rough=True), hessian, atol=1e-5)
    same = np.repeat(weights[:, :1], 3, axis=1)
    alike = rows.gradients(same, None, is_rough=False)
    assert np.allclose(alike, x.T @ (counts * (chances[:, :1] - labels)))
    of_all = alike.mean(axis=1)
    assert np.allclose(rows.mean().gradients(same[:, :1], None, is_rough=False)[:, 0], of_all)


def test_the_sigmoid_is_sure_but_never_beyond() -> None:
    found = sigmoid(np.array([-1000.0, -2.0, 0.0, 2.0, 1000.0]))
    assert found[0] == 0
    assert found[2] == 0.5
    assert found[4] == 1
    assert np.allclose(found[[1, 3]], [1 / (1 + np.exp(2)), 1 / (1 + np.exp(-2))])
