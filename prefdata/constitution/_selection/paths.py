"""Sets of principles, each with one more than the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prefdata.metrics.paired_logistic import fit_paired, gradient, lasso_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.constitution._selection.paired import Paired

__all__ = ["Path", "greedy_path", "lasso_way", "quadratic_path"]

_PENALTY = 10.0
"""That of log-odds whose standard deviation is .32, about what principles have. Without it sets fit
the noise of a thousand labels, and folds that are left out speak for smaller ones."""
# A column may leave the path again, or be passed over.
_CORNERS = 4


class Path(NamedTuple):
    """Principles in the order in which they come, and what they add at each size."""

    order: list[int]
    """Their places."""
    odds: list[NDArray[np.float64]]
    """For each size from 1: the log-odds of the first so many."""

    def scores(self, votes: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return ``(n, 1 + size)`` log-odds of ``(n, p)`` votes, at each size from 0."""
        found = np.zeros((len(votes), 1 + len(self.order)))
        for size, odds in enumerate(self.odds, start=1):
            found[:, size] = votes[:, self.order[:size]] @ odds
        return found

    @property
    def last_odds(self) -> NDArray[np.float64]:
        """Return the log-odds of all that joined."""
        return self.odds[-1] if self.odds else np.zeros(0)

    def join(self, place: int, paired: Paired, signs: NDArray[np.float64]) -> bool:
        """Fit all anew with one principle more; it joins if none is turned round by that.

        Args:
            place: The principle.
            paired: Labels to fit on.
            signs: ``(p,)``: which way each principle holds alone.
        """
        joined = [*self.order, place]
        start = np.append(self.last_odds, 0.0)
        fitted = fit_paired(paired.votes[:, joined], paired.lean, penalty=_PENALTY, start=start)
        if (fitted * signs[joined] <= 0).any():
            return False
        self.order.append(place)
        self.odds.append(fitted)
        return True


def greedy_path(
    paired: Paired,
    *,
    signs: NDArray[np.float64],
    is_open: NDArray[np.bool_],
    max_size: int,
    max_correlation: float,
    gram: NDArray[np.float64] | None = None,
) -> Path:
    """Add the principle that the residuals call for most, and fit all anew; and so on.

    The call is the slope of the loss, over the size of the column: orthogonal matching pursuit. A
    principle joins only the way that it holds alone, and only if it leaves none of those before
    turned round: else the sentences would say the opposite of what the weights do.

    Args:
        paired: Labels to choose on.
        signs: ``(p,)``: which way each principle holds alone.
        is_open: ``(p,)``: which principles may join.
        max_size: At most so many join.
        max_correlation: Principles whose votes have a cosine above this, either way, with one that
            joined are redundant.
        gram: ``(p, p)``, the products of the columns; computed by default.
    """
    products = paired.gram if gram is None else gram
    sizes = np.sqrt(np.maximum(np.diag(products), 1e-12))
    is_open = is_open & (np.diag(products) > 0)
    path = Path([], [])
    while len(path.order) < max_size and is_open.any():
        full = np.zeros(len(signs))
        full[path.order] = path.last_odds
        call = -gradient(paired.votes, paired.lean, full) * signs / sizes
        best = int(np.argmax(np.where(is_open, call, -np.inf)))
        if call[best] <= 0:
            break
        is_open[best] = False
        if not path.join(best, paired, signs):
            continue
        is_open &= np.abs(products[best]) <= max_correlation * sizes * sizes[best]
    return path


def lasso_way(
    paired: Paired,
    *,
    signs: NDArray[np.float64],
    is_open: NDArray[np.bool_],
    max_size: int,
    max_correlation: float,
    gram: NDArray[np.float64] | None = None,
) -> Path:
    """Take principles in the order in which they enter an L1 path, and fit each set without it.

    Args:
        paired: As in `greedy_path`, and so on.
        signs: As in `greedy_path`.
        is_open: As in `greedy_path`.
        max_size: As in `greedy_path`.
        max_correlation: As in `greedy_path`.
        gram: As in `greedy_path`.
    """
    products = paired.gram if gram is None else gram
    places = np.flatnonzero(is_open)
    pull = paired.votes[:, places].T @ paired.sides
    entered = lasso_order(products[np.ix_(places, places)], pull, most=_CORNERS * max_size)
    path = Path([], [])
    for column in entered:
        place = int(places[column])
        if _is_redundant(products, place, path.order, max_correlation):
            continue
        path.join(place, paired, signs)
        if len(path.order) == max_size:
            break
    return path


def quadratic_path(
    gram: NDArray[np.float64],
    pull: NDArray[np.float64],
    *,
    is_open: NDArray[np.bool_],
    max_size: int,
    max_correlation: float,
) -> list[int]:
    """Return the order of `greedy_path` where the loss is its quadratic around no effect.

    That needs the products of votes and labels alone, which are sums over prompts, and is close:
    effects of principles are small.

    Args:
        gram: ``(p, p)``: products of the columns of votes.
        pull: ``(p,)``: sums of label times vote.
        is_open: ``(p,)``: which principles may join.
        max_size: At most so many join.
        max_correlation: As in `greedy_path`.
    """
    signs = np.where(pull < 0, -1.0, 1.0)
    sizes = np.sqrt(np.maximum(np.diag(gram), 1e-12))
    is_open = is_open & (np.diag(gram) > 0)
    order: list[int] = []
    odds: NDArray[np.float64] = np.zeros(0)
    while len(order) < max_size and is_open.any():
        call = (pull - gram[:, order] @ odds) * signs / sizes
        best = int(np.argmax(np.where(is_open, call, -np.inf)))
        if call[best] <= 0:
            break
        is_open[best] = False
        joined = [*order, best]
        # The curvature of the loss is a quarter of these products.
        bend = gram[np.ix_(joined, joined)] + 4 * _PENALTY * np.eye(len(joined))
        fitted = np.asarray(np.linalg.solve(bend, pull[joined]), np.float64)
        if (fitted * signs[joined] <= 0).any():
            continue
        order, odds = joined, fitted
        is_open &= np.abs(gram[best]) <= max_correlation * sizes * sizes[best]
    return order


def _is_redundant(
    products: NDArray[np.float64], place: int, chosen: list[int], max_correlation: float
) -> bool:
    """Return whether the votes of a principle nearly repeat those of a chosen one."""
    sizes = np.sqrt(np.diag(products)[chosen] * products[place, place])
    return bool((np.abs(products[place, chosen]) > max_correlation * sizes).any())
