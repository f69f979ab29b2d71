"""How well principles explain choices: counts, relevance, accuracy, kappa and strength.

A label y says which of two responses is preferred, from 1 for a to -1 for b; a vote v says which
of them has more of what a principle asks for. The label agrees with the vote where y v > 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

__all__ = ["FAILED", "INCONSISTENT", "NOT_APPLICABLE", "Tally", "signed_votes", "tally"]

INCONSISTENT = 2
"""A vote that a model gave in one order and took back in the other; counts as a tie."""
FAILED = -2
"""A vote that could not be had; such a label has no part in any measure of the principle."""
NOT_APPLICABLE = -3
"""A principle that does not apply to the comparison."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What labels say of each of p principles; all arrays are ``(p,)``.

    Measures are nan where there is nothing to measure. Strength is kappa times relevance.
    """

    n_labels: int
    """Labels that are not ties, whatever the vote."""
    agree: Counts
    """Labels that prefer what the principle votes for."""
    disagree: Counts
    """Labels that prefer the other."""
    tie: Counts
    """Labels on which the principle prefers neither, inconsistent votes included."""
    inconsistent: Counts
    """Of these, labels on which a model contradicted itself."""
    not_applicable: Counts
    """Labels to which the principle does not apply."""
    failed: Counts
    """Labels on which no vote could be had."""
    lean: Floats
    """Sum of label times decisive vote: agree - disagree, for labels that are not graded."""

    @property
    def decisive(self) -> Counts:
        """Labels on which the principle prefers one of the two."""
        return self.agree + self.disagree

    @property
    def counted(self) -> Counts:
        """Labels that measures are shares of: all but those on which the vote failed."""
        return self.n_labels - self.failed

    @property
    def relevance(self) -> Floats:
        """Share of labels on which the principle is decisive."""
        return _ratio(self.decisive, self.counted)

    @property
    def accuracy(self) -> Floats:
        """Share of decisive labels that agree.

        Of a label that is graded, say 2 of 3 votes for a (y = 1/3), 2/3 agree with a vote for a.
        """
        return 0.5 + self.kappa / 2

    @property
    def kappa(self) -> Floats:
        """Cohen's kappa against a chance of one half: 2 (accuracy - .5)."""
        return _ratio(self.lean, self.decisive)

    @property
    def strength(self) -> Floats:
        """Mean of label times vote, where a vote that is not decisive is 0."""
        return _ratio(self.lean, self.counted)


def tally(votes: NDArray[np.int8], y: Floats) -> Tally:
    """Count how labels and votes of principles meet.

    Args:
        votes: ``(n, p)``: votes on what each label is about: 1 for a, -1 for b, 0 for neither,
            or one of the constants of this module.
        y: ``(n,)``: labels from -1 to 1; those that are 0 are ties, and are left out.

    Raises:
        ValueError: If there is not one row of votes for each label.

    Examples:
        Three labels agree, one does not, and to one the principle does not apply:

        >>> votes = np.array([[1], [1], [-1], [1], [-3]], np.int8)
        >>> found = tally(votes, np.array([1, 1, -1, -1, 1.0]))
        >>> found.accuracy.item(), found.relevance.item(), found.kappa.item(), found.strength.item()
        (0.75, 0.8, 0.5, 0.4)

    References:
        Relevance and accuracy: Findeis et al. (2025), *Inverse Constitutional AI*,
        arXiv:2406.06560. Strength and kappa: the same authors' Feedback Forensics.
    """
    if votes.shape[:1] != y.shape:
        message = f"{len(votes)} rows of votes for {len(y)} labels"
        raise ValueError(message)
    if (y == 0).any():
        votes, y = votes[y != 0], y[y != 0]
    signed = signed_votes(votes)
    # Agree less disagree, as counts and as shares of votes.
    sides, lean = np.stack([np.sign(y), y]) @ signed.astype(np.float64)
    decisive = np.count_nonzero(signed, axis=0)
    agree = np.rint((decisive + sides) / 2).astype(np.int64)
    inconsistent = _count(votes, INCONSISTENT)
    return Tally(
        n_labels=len(y),
        agree=agree,
        disagree=decisive - agree,
        tie=_count(votes, 0) + inconsistent,
        inconsistent=inconsistent,
        not_applicable=_count(votes, NOT_APPLICABLE),
        failed=_count(votes, FAILED),
        lean=lean,
    )


def signed_votes(votes: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return votes as 1 and -1 where they are decisive, and 0 elsewhere."""
    return np.where(np.abs(votes) == 1, votes, 0).astype(np.float32)


def _count(votes: NDArray[np.int8], code: int) -> Counts:
    return np.asarray(np.count_nonzero(votes == code, axis=0))


def _ratio(above: NDArray[np.floating | np.integer], below: Counts) -> Floats:
    """Return a ratio, nan where there is nothing below."""
    found = np.full(len(below), np.nan)
    np.divide(above, below, out=found, where=below > 0)
    return found
