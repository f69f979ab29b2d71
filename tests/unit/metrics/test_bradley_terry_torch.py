"""Heads by torch are those by numpy; the processor stands in for a GPU."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from prefdata.core.errors import BackendError, MissingExtraError
from prefdata.metrics import bradley_terry, bradley_terry_torch
from prefdata.metrics.bradley_terry import fit_heads
from prefdata.metrics.bradley_terry_torch import TorchRows


@pytest.mark.parametrize("n_weights", [0, 1, 5])
@pytest.mark.parametrize("is_large", [False, True])
def test_torch_gives_what_numpy_gives(
    n_weights: int, is_large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(bradley_terry_torch, "_BLOCK_NUMBERS", 1000)
    if is_large:
        monkeypatch.setattr(bradley_terry, "_ROUGH_PRODUCTS", 0)
    random = np.random.default_rng(0)
    rows = random.standard_normal((300, 8)).astype(np.float32)
    labels = random.integers(0, 3, (300, 5)) / 2
    labels[:, 4] = rows[:, 0] > 0
    weights = random.integers(0, 3, (300, n_weights)) if n_weights else None
    if n_weights == 1:
        weights = random.integers(0, 3, 300)
    here = fit_heads(rows, labels, weights=weights)
    monkeypatch.setattr(bradley_terry, "_device", lambda _: "cpu")
    there = fit_heads(rows, labels, weights=weights)
    assert here.is_converged.all()
    assert there.is_converged.all()
    assert np.abs(here.weights - there.weights).max() < 1e-5 * np.abs(here.weights).max()
    assert abs(here.n_iterations - there.n_iterations) <= 2


def test_auto_takes_cuda_only_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    rows, labels = np.array([[1.0], [-1.0], [2.0]]), np.array([1.0, 0.0, 0.5])
    assert (fit_heads(rows, labels, device="auto").weights == fit_heads(rows, labels).weights).all()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert bradley_terry._device("auto") == "cuda"


def test_auto_takes_numpy_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert bradley_terry._device("auto") is None


def test_a_device_that_is_not_there_is_named() -> None:
    pytest.importorskip("torch")
    with pytest.raises(BackendError, match="cuda:77"):
        fit_heads(np.ones((2, 1)), np.ones(2), device="cuda:77")


def test_a_device_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError) as caught:
        TorchRows(np.ones((2, 1)), np.ones((2, 1)), None, "cpu")
    assert "prefdata[models]" in str(caught.value.fix)


@pytest.mark.gpu
def test_cuda_gives_what_numpy_gives() -> None:
    random = np.random.default_rng(0)
    rows = random.standard_normal((7000, 384)).astype(np.float32)
    labels = random.integers(0, 2, (7000, 50))
    here, there = (fit_heads(rows, labels, device=device) for device in ("cpu", "cuda"))
    assert np.abs(here.weights - there.weights).max() < 1e-4 * np.abs(here.weights).max()
