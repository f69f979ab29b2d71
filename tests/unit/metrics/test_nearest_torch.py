"""Search by torch gives bit for bit what numpy gives; the processor stands in for a GPU."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from prefdata.core.errors import BackendError, MissingExtraError
from prefdata.metrics import nearest_torch
from prefdata.metrics.nearest import Exact, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _random(n: int, d: int, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


@pytest.fixture
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(nearest_torch, "_SENT_AT_ONCE", 700)


@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize("is_resident", [False, True])
@pytest.mark.parametrize("is_limited", [False, True])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_half_precision_and_blocks_change_nothing(
    dtype: type, is_limited: bool, is_resident: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On the processor rows are never kept apart; on a GPU they are when they fit.
    monkeypatch.setattr(nearest_torch.TorchScorer, "_fits", lambda *_: is_resident)
    rows = _random(2_000, 32)
    rows[500:540] = rows[20]
    rows[600:1_200] += _random(600, 32, seed=2) * np.float32(1e-4)
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(dtype)
    queries = np.concatenate([_random(30, 32, seed=1), rows[18:22].astype(np.float32)])
    allowed = np.arange(0, 2_000, 3) if is_limited else None
    expected = Exact(rows).search(queries, 10, allowed=allowed)
    found = Exact(rows, device="cpu").search(queries, 10, allowed=allowed)
    assert np.array_equal(found.rows, expected.rows)
    assert np.array_equal(found.scores, expected.scores)


@pytest.mark.usefixtures("_small_blocks")
def test_copies_of_one_text_are_found_in_the_order_of_rows() -> None:
    rows = np.repeat(_random(1, 16), 1_500, axis=0)
    found = nearest(_random(3, 16, seed=1), rows, 4, device="cpu")
    assert (found.rows == np.arange(4)).all()


@pytest.mark.usefixtures("_small_blocks")
def test_fewer_rows_than_k_are_followed_by_none() -> None:
    found = nearest(_random(2, 4), _random(3, 4), 5, device="cpu")
    assert (found.rows[:, 3:] == -1).all()


def test_a_device_that_is_not_there_is_named() -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(BackendError, match="'cuda' cannot be used"):
        Exact(_random(3, 4), device="cuda")
    with pytest.raises(BackendError, match="'toaster' cannot be used"):
        Exact(_random(3, 4), device="toaster")


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="packages that are not installed"):
        Exact(_random(3, 4), device="cpu")


@pytest.mark.gpu
def test_a_gpu_finds_the_same() -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    rows, queries = _random(200_000, 384).astype(np.float16), _random(1_000, 384, seed=1)
    expected, found = nearest(queries, rows, 10), nearest(queries, rows, 10, device="cuda")
    assert np.array_equal(found.rows, expected.rows)
    assert np.array_equal(found.scores, expected.scores)
