"""What goes through the model at once: parts of units, the longest first, under a budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from prefdata.protocols import TokenUnit

__all__ = ["Part", "next_batch", "parts_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """What of a unit is computed at once."""

    unit: int
    """Its number."""
    first: int
    """The number of the first of its responses that is in the part."""
    tokens: TokenUnit

    @property
    def rows(self) -> slice:
        """The numbers of the responses."""
        return slice(self.first, self.first + len(self.tokens.responses))


def parts_of(
    units: Sequence[TokenUnit], split: Callable[[TokenUnit], Sequence[TokenUnit]]
) -> list[Part]:
    """Return the parts of units, from the longest to the shortest; equal ones as they stand.

    The longest first: if memory runs out it does so at once, and time left is never too short.

    Args:
        units: Any number.
        split: Returns what of a unit is computed at once, its responses in their order.
    """
    parts = []
    for number, unit in enumerate(units):
        if not unit.responses:
            continue
        first = 0
        for tokens in split(unit):
            parts.append(Part(number, first, tokens))
            first += len(tokens.responses)
    lengths: NDArray[np.int64] = np.array([part.tokens.n_tokens for part in parts], np.int64)
    return [parts[i] for i in np.argsort(-lengths, kind="stable")]


def next_batch(parts: Sequence[Part], start: int, budget: int | None) -> list[Part]:
    """Return the parts that come next.

    Args:
        parts: As `parts_of` returns them.
        start: Place of the first part of the batch.
        budget: Most tokens in a batch, padding included; one part is taken in any case, and only
            one if this is None.
    """
    size = 1 if budget is None else max(1, budget // parts[start].tokens.n_tokens)
    return list(parts[start : start + size])
