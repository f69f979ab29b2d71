"""Many Bradley-Terry heads at once: a linear reward on frozen vectors, for many labellings.

All heads see the same comparisons and differ in labels only, so they share one Hessian. Solving
it once, and then two products of matrices in each round for all heads together, is what makes
hundreds of heads as cheap as a few.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from prefdata.metrics.bradley_terry_rows import NumpyRows, sigmoid

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["Heads", "fit_heads", "hessian", "sigmoid"]

_ROUGH_TOLERANCE = 1e-5  # below this, rounds in single precision gain nothing
_ROUGH_PRODUCTS = 1 << 27  # below this many, they are not worth the check either
_ROUGH_RANGE = 1e9  # beyond it, single precision has no room for sums of squares
_ROUGH_ROUNDS = 15
_SURE_ROUNDS = 12
_PROBES = 8
_MEAN_TOLERANCE = 0.01
_MEMORY = 3
_SLOWEST = 0.999  # steps that do not shrink
_CAUTION = 4  # steps do not shrink evenly
_LEAST = 0.3  # of a step is taken to be missing after it
_NEWTON_ROUNDS = 50
_HALVINGS = 30
_ALMOST_ZERO = 1e-12
_MATRIX = 2


@dataclass(frozen=True, slots=True)
class Heads:
    """Linear rewards without an intercept: swapping a and b changes the sign of a score."""

    weights: NDArray[np.float64]
    """``(p, K)``: one column for each head."""
    n_iterations: int
    """Rounds over all rows, in which heads that had converged took no part."""
    is_converged: NDArray[np.bool_]
    """``(K,)``: whether the last step of a head was small enough."""

    def scores(self, difference: NDArray[np.floating[Any]]) -> Floats:
        """Return the reward of a less that of b, ``(n, K)``, in log-odds."""
        return np.asarray(difference, dtype=np.float64) @ self.weights


class _Rows(Protocol):
    """Where the sums over all rows are taken: here, or on a device."""

    n_heads: int

    def gradients(
        self, weights: Floats, heads: NDArray[np.intp] | None, *, is_rough: bool
    ) -> Floats:
        """Return ``(p, m)`` gradients of the mean loss of some heads, without the ridge."""
        ...

    def hessian(self, weights: Floats, head: int, *, is_rough: bool) -> Floats:
        """Return ``(p, p)``: that of the mean loss of one head, without the ridge."""
        ...

    def mean(self) -> Self:
        """Return the same rows with one head, whose loss is the mean of all."""
        ...


def fit_heads(
    difference: NDArray[np.floating[Any]],
    labels: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    ridge: float = 0.01,
    tolerance: float = 1e-4,
    max_iterations: int = 50,
    device: str = "cpu",
) -> Heads:
    """Fit one head for each column of labels.

    The loss of a head is ``Σ s_i [log(1 + exp(d_i·w)) - y_i d_i·w] / Σ s_i + ridge/2 |w|²``: a
    label between 0 and 1 counts as both labels, each for its part, so a tie of 0.5 pulls to the
    middle, and a weight of 2 counts as the row twice. Heads differ in labels alone, so the Hessian
    at the solution for the mean label does for all of them, and each mends it by what its last
    three steps saw. Heads that this does not bring there within a few rounds, because their
    labels have little in common with the mean, are solved by Newton's method alone, with the step
    halved until the gradient shrinks. Large problems take their steps in single precision, and
    again in double if that would change a sample of the heads.

    Args:
        difference: ``(n, p)``: vector of a less vector of b. ``ridge`` is meant for columns of
            about unit variance.
        labels: ``(n, K)``, or ``(n,)`` for one head: 1 for a, 0 for b, or between.
        weights: ``(n,)``, or ``(n, K)`` for weights of each head, as of bootstraps; at least 0,
            with a positive sum. Equal when None.
        ridge: Above 0; so there is one solution, also where a plane separates the labels.
        tolerance: A head has converged when the greatest change of a weight in a step, and what
            is still missing if steps go on shrinking as they do, is below this share of its
            greatest weight.
        max_iterations: Rounds that heads take together.
        device: ``cpu`` for numpy; else a device of torch, such as ``cuda:1``. ``auto`` takes
            CUDA where torch is installed and has it, else numpy. How many threads numpy takes is
            up to the caller.

    Returns:
        Heads in the order of the columns; where ``is_converged`` is false, do not use them.

    Raises:
        ValueError: If shapes, labels, weights or the ridge are not as above.
        MissingExtraError: If a device is asked for without torch.
        BackendError: If the device is not there.

    Examples:
        Two comparisons of one number; the second head has the labels the other way round:

        >>> heads = fit_heads(np.array([[1.0], [-1.0]]), [[1, 0], [0, 1]])
        >>> (heads.weights.round(2) + 0.0).tolist()
        [[3.36, -3.36]]

    References:
        Bradley and Terry (1952), *Rank analysis of incomplete block designs*; Nocedal and Wright
        (2006), *Numerical optimization*, algorithm 7.4, for the two-loop recursion.
    """
    rows, matrix, table, masses = _checked(difference, labels, weights, ridge)
    there = _device(device)
    problem: _Rows
    if there is None:
        problem = NumpyRows(matrix, table, masses)
    else:
        from prefdata.metrics.bradley_terry_torch import TorchRows

        problem = TorchRows(matrix, table, masses, there)
    n_products = rows * matrix.shape[1] * problem.n_heads
    is_large = (
        n_products >= _ROUGH_PRODUCTS
        and tolerance >= _ROUGH_TOLERANCE
        and max(matrix.max(), -matrix.min()) <= _ROUGH_RANGE
    )
    return _fit(problem, matrix.shape[1], ridge, tolerance, max_iterations, is_large=is_large)


def hessian(
    difference: NDArray[np.floating[Any]],
    weights: Floats,
    ridge: float,
    *,
    row_weights: ArrayLike | None = None,
) -> Floats:
    """Return the Hessian of the loss of one head, ``(p, p)``; it does not depend on labels.

    Args:
        difference: ``(n, p)``, as in `fit_heads`.
        weights: ``(p,)``: of the head.
        ridge: As in `fit_heads`.
        row_weights: ``(n,)``: ``weights`` of `fit_heads`.
    """
    masses = None if row_weights is None else _masses(np.asarray(row_weights), len(difference), 1)
    labels = np.empty((len(difference), 1))
    found = NumpyRows(difference, labels, masses).hessian(
        np.asarray(weights, np.float64), 0, is_rough=False
    )
    return found + ridge * np.eye(len(found))


def _checked(
    difference: NDArray[Any], labels: ArrayLike, weights: ArrayLike | None, ridge: float
) -> tuple[int, NDArray[Any], NDArray[Any], Floats | None]:
    matrix = np.asarray(difference)
    table = np.asarray(labels)
    table = table[:, None] if table.ndim == 1 else table
    if matrix.ndim != _MATRIX or table.ndim != _MATRIX or len(matrix) != len(table):
        message = f"differences {matrix.shape} do not fit labels {table.shape}"
        raise ValueError(message)
    if not min(matrix.shape) or not table.shape[1]:
        message = "heads need a comparison, a column and a label"
        raise ValueError(message)
    # Written so that NaN fails; the extremes need no second table of labels.
    if not (table.min() >= 0 and table.max() <= 1):
        message = "labels are between 0 (b is preferred) and 1 (a is preferred)"
        raise ValueError(message)
    if not ridge > 0 or not np.isfinite([matrix.min(), matrix.max(), ridge]).all():
        message = "differences must be finite, and the ridge above 0"
        raise ValueError(message)
    if weights is None:
        return len(matrix), matrix, table, None
    return len(matrix), matrix, table, _masses(np.asarray(weights), len(matrix), table.shape[1])


def _masses(weights: NDArray[Any], n: int, n_heads: int) -> Floats:
    """Return weights that sum to 1, ``(n, 1)`` or ``(n, K)``."""
    table = (weights[:, None] if weights.ndim == 1 else weights).astype(np.float64)
    if table.ndim != _MATRIX or len(table) != n or table.shape[1] not in {1, n_heads}:
        message = f"weights {weights.shape} do not fit {n} rows and {n_heads} heads"
        raise ValueError(message)
    sums = table.sum(axis=0)
    if not (table.min() >= 0 and np.isfinite(sums).all() and (sums > 0).all()):
        message = "weights must be finite and at least 0, with a positive sum"
        raise ValueError(message)
    table /= sums
    return table


def _device(device: str) -> str | None:
    """Return the device of torch to use; None is numpy."""
    if device == "cpu":
        return None
    if device != "auto":
        return device
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    return "cuda" if torch.cuda.is_available() else None


def _fit(
    rows: _Rows, p: int, ridge: float, tolerance: float, max_iterations: int, *, is_large: bool
) -> Heads:
    """Bring all heads down together, and those that do not follow alone."""
    first = _first(rows.mean(), p, ridge, _MEAN_TOLERANCE, is_rough=is_large)
    solve = _solver(rows.mean().hessian(first, 0, is_rough=is_large) + ridge * np.eye(p))
    weights = np.repeat(first[:, None], rows.n_heads, axis=1)
    n_iterations, unsure = 0, np.empty(0, dtype=np.intp)
    for is_rough in (True, False) if is_large else (False,):
        most = min(max_iterations, _ROUGH_ROUNDS) if is_rough else max_iterations
        slow, n_rounds = _together(rows, weights, solve, ridge, tolerance, most, is_rough=is_rough)
        unsure, n_iterations = np.union1d(unsure, slow), n_iterations + n_rounds
        # Numbers beyond what the precision holds: those heads begin anew.
        weights[:, ~np.isfinite(weights).all(axis=0)] = first[:, None]
        if is_rough and _is_precise(rows, weights, solve, tolerance):
            break
    is_converged = np.ones(rows.n_heads, dtype=bool)
    n_alone = 0
    for head in unsure.tolist():
        weights[:, head], is_converged[head], n_rounds = _newton(
            rows, head, weights[:, head], ridge, tolerance
        )
        n_alone = max(n_alone, n_rounds)
    return Heads(weights, n_iterations + n_alone, is_converged)


def _first(mean: _Rows, p: int, ridge: float, tolerance: float, *, is_rough: bool) -> Floats:
    """Return about the weights for the mean label, from where all heads set out."""
    weights = np.zeros((p, 1))
    solve = _solver(mean.hessian(weights[:, 0], 0, is_rough=is_rough) + ridge * np.eye(p))
    slow, _ = _together(mean, weights, solve, ridge, tolerance, _ROUGH_ROUNDS, is_rough=is_rough)
    if len(slow):
        return _newton(mean, 0, np.zeros(p), ridge, tolerance)[0]
    return weights[:, 0]


def _together(
    rows: _Rows,
    weights: Floats,
    solve: Callable[[Floats], Floats],
    ridge: float,
    tolerance: float,
    max_rounds: int,
    *,
    is_rough: bool,
) -> tuple[NDArray[np.intp], int]:
    """Step all heads down until they converge, in place; return those that are not sure to have.

    Where the shared Hessian says little about a head, its steps are short all along, and so no
    proof that it has arrived: that shows in how many rounds it takes.
    """
    left = slow = np.arange(rows.n_heads)
    before = np.full(len(left), np.inf)
    step = slope = np.zeros((len(weights), 0))
    past: list[_Move] = []
    n_rounds = 0
    while len(left) and n_rounds < max_rounds:
        some = None if len(left) == rows.n_heads else left
        mine = weights[:, left]
        with np.errstate(over="ignore", invalid="ignore"):
            gradient = rows.gradients(mine, some, is_rough=is_rough) + ridge * mine
            if n_rounds:
                past = [*past, _move(step, gradient - slope)][-_MEMORY:]
            step, slope = -_uphill(gradient, past, solve), gradient
            weights[:, left] = mine + step
            size = np.abs(step).max(axis=0)
            rate = np.minimum(size / before, _SLOWEST)
            missing = size * np.maximum(_CAUTION * rate / (1 - rate), _LEAST)
            enough = tolerance * np.abs(weights[:, left]).max(axis=0) + _ALMOST_ZERO
        is_left = ~(missing <= enough)  # also where they are no numbers
        left, before = left[is_left], size[is_left] + _ALMOST_ZERO
        step, slope = step[:, is_left], slope[:, is_left]
        past = [_Move(m.step[:, is_left], m.change[:, is_left], m.scale[is_left]) for m in past]
        n_rounds += 1
        slow = left if n_rounds <= _SURE_ROUNDS else slow
    return slow, n_rounds


@dataclass(frozen=True, slots=True)
class _Move:
    """A step of some heads, ``(p, m)``, and what it did to the gradient."""

    step: Floats
    change: Floats
    scale: Floats
    """``(m,)``: 1 over the product of the two; 0 where rounding has eaten it up."""


def _move(step: Floats, change: Floats) -> _Move:
    product = (step * change).sum(axis=0)
    is_sound = product > 0  # as it is on a convex slope
    return _Move(step, change, np.where(is_sound, 1 / np.where(is_sound, product, 1), 0))


def _uphill(gradient: Floats, past: list[_Move], solve: Callable[[Floats], Floats]) -> Floats:
    """Return the step uphill by the shared Hessian, mended by what past steps of each head saw.

    This is the two-loop recursion of L-BFGS, for all heads at once.
    """
    rest = gradient.copy()
    shares = []
    for move in reversed(past):
        share = move.scale * (move.step * rest).sum(axis=0)
        rest -= share * move.change
        shares.append(share)
    found = solve(rest)
    for move, share in zip(past, reversed(shares), strict=True):
        found += move.step * (share - move.scale * (move.change * found).sum(axis=0))
    return found


def _is_precise(
    rows: _Rows, weights: Floats, solve: Callable[[Floats], Floats], tolerance: float
) -> bool:
    """Whether double precision would change some heads by far less than the tolerance."""
    some = np.unique(np.linspace(0, rows.n_heads - 1, _PROBES).astype(np.intp))
    rough, fine = (rows.gradients(weights[:, some], some, is_rough=way) for way in (True, False))
    off = np.abs(solve(fine - rough)).max(axis=0)
    return bool((off <= tolerance / 8 * np.abs(weights[:, some]).max(axis=0)).all())


def _solver(curvature: Floats) -> Callable[[Floats], Floats]:
    """Return what solves for a Hessian, also where rounding leaves it without a root."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve, pinvh

    try:
        factor = cho_factor(curvature)
    except LinAlgError:
        inverse = pinvh(curvature)
        return lambda slope: inverse @ slope
    return lambda slope: np.asarray(cho_solve(factor, slope, check_finite=False))


def _newton(
    rows: _Rows, head: int, start: Floats, ridge: float, tolerance: float
) -> tuple[Floats, bool, int]:
    """Solve one head by Newton's method; return its weights, whether it converged, and rounds.

    A Newton step goes down in the length of the gradient, so halving it until that length
    shrinks leads to the one solution from anywhere.
    """
    heads = np.array([head])
    weights = start

    def gradient(at: Floats) -> Floats:
        found = rows.gradients(at[:, None], heads, is_rough=False)[:, 0] + ridge * at
        return np.asarray(found)

    slope = gradient(weights)
    for n_rounds in range(1, _NEWTON_ROUNDS + 1):
        curvature = rows.hessian(weights, head, is_rough=False) + ridge * np.eye(len(weights))
        step = -_solver(curvature)(slope)
        share, height = 1.0, np.linalg.norm(slope)
        for _ in range(_HALVINGS):
            after = weights + share * step
            slope = gradient(after)
            if np.linalg.norm(slope) <= (1 - share / 4) * height + _ALMOST_ZERO:
                break
            share /= 2
        weights = after
        if np.abs(step).max() <= tolerance * np.abs(weights).max() + _ALMOST_ZERO:
            return weights, True, n_rounds
    return weights, False, _NEWTON_ROUNDS
