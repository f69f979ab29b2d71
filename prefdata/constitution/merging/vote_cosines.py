"""How alike principles vote: the cosine of their votes, where either of two decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prefdata.metrics.principles import FAILED, signed_votes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["VoteCosines", "vote_cosines"]


@dataclass(frozen=True, slots=True)
class VoteCosines:
    """Cosines of the votes of one list of principles with those of another."""

    cosine: NDArray[np.float64]
    """``(p, q)``; NaN where one of the two never decides."""
    n_compared: NDArray[np.int64]
    """``(p, q)``: comparisons where either decides, and neither vote failed."""

    def measured(self, min_compared: int) -> NDArray[np.float64]:
        """Return the cosines, NaN where fewer than so many comparisons are behind them."""
        return np.where(self.n_compared >= min_compared, self.cosine, np.nan)


def vote_cosines(left: NDArray[np.int8], right: NDArray[np.int8]) -> VoteCosines:
    """Compare votes pair by pair.

    Votes for neither, inconsistent ones, and those of principles that do not apply count as 0;
    where a vote of either failed, the comparison says nothing of the two. The cosine is 1 where
    both always decide alike, and -1 where one is the other turned round.

    Args:
        left: ``(n, p)`` codes of votes, as in `prefdata.constitution.ballots.Ballots`.
        right: ``(n, q)`` codes of votes on the same comparisons.
    """
    # Sums of small integers: exact in single precision up to 16 million comparisons, so that they
    # are the same on any number of threads.
    one, other = signed_votes(left), signed_votes(right)
    own = (one**2).T @ (right != FAILED).astype(np.float32)
    its = (left != FAILED).astype(np.float32).T @ other**2
    n_compared = own + its - (one**2).T @ other**2
    sizes = np.sqrt(own.astype(np.float64) * its)
    products = (one.T @ other).astype(np.float64)
    cosine = np.divide(products, sizes, out=np.full_like(products, np.nan), where=sizes > 0)
    return VoteCosines(cosine.clip(-1, 1), n_compared.astype(np.int64))
