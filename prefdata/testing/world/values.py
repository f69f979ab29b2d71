"""Annotators with values: what responses are like inside, and who likes which kind.

Every synthetic response is drawn from five qualities that show in its text, and every
annotator belongs to one group that weighs them. A choice is the response with the highest
utility, so a method that recovers values can be checked against the weights.

| quality | range | how it shows in the text |
|---|---|---|
| `detail` | 0..1 | the number of sentences |
| `warmth` | 0, 0.5, 1 | a friendly opening; at 1 also a friendly close |
| `safety` | 0, 0.5, 1 | cautions: one or two |
| `structure` | 0, 1 | a list in place of a paragraph |
| `soundness` | 0, 1 | at 0 the response claims too much |
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["GROUPS", "QUALITIES", "Styles", "assign_groups", "draw_styles", "utilities", "weights"]

QUALITIES = ("detail", "warmth", "safety", "structure", "soundness")

GROUPS: dict[str, tuple[float, ...]] = {
    "concise": (-3.0, 0.0, 0.0, 0.5, 1.0),
    "thorough": (3.0, 0.0, 0.5, 1.0, 1.0),
    "warm": (0.0, 3.0, 0.5, -0.5, 0.5),
    "careful": (0.5, 0.0, 3.0, 0.0, 1.5),
}
"""Weights on the qualities, in their order."""

_SHARES = (0.3, 0.3, 0.2, 0.2)
_LISTS, _SOUND = 0.25, 0.85

Styles = NDArray[np.float32]
"""``(..., 5)``: the qualities of responses."""


def draw_styles(rng: np.random.Generator, count: int) -> Styles:
    """Draw the qualities of responses, independent of each other."""
    styles = np.empty((count, len(QUALITIES)), dtype=np.float32)
    styles[:, 0] = rng.random(count, dtype=np.float32)
    styles[:, 1] = rng.integers(0, 3, count) / 2
    styles[:, 2] = rng.integers(0, 3, count) / 2
    styles[:, 3] = rng.random(count) < _LISTS
    styles[:, 4] = rng.random(count) < _SOUND
    return styles


def assign_groups(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Put annotators into value groups; numbers index `GROUPS` in order."""
    return rng.choice(len(GROUPS), size=count, p=_SHARES).astype(np.int64)


def weights() -> NDArray[np.float32]:
    """Give the weights as ``(groups, qualities)``."""
    return np.array(list(GROUPS.values()), dtype=np.float32)


def utilities(
    styles: NDArray[np.float32], groups: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Value responses as their annotators do, with Gumbel noise of scale 0.5.

    The noise makes choices between responses a softmax of the noiseless utilities.

    Args:
        styles: ``(..., 5)``.
        groups: The group of the annotator of each response, of the leading shape or
            broadcastable to it.
        rng: Draws the noise.

    Returns:
        Utilities of the leading shape of `styles`.
    """
    plain = np.einsum("...q,...q->...", styles, weights()[groups])
    noise = rng.gumbel(scale=0.5, size=plain.shape).astype(np.float32)
    return np.asarray(plain + noise, dtype=np.float32)
