"""Many tests at once: how many of what is found may be false."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["adjusted"]


def adjusted(p: Sequence[float | None] | NDArray[np.floating]) -> NDArray[np.float64]:
    """Return Benjamini-Hochberg's q of each test: what is below it is found at that rate.

    Of all tests with q of at most .1, no more than a tenth are expected to be false. That holds
    for tests that are independent or rise and fall together.

    Args:
        p: Two-sided p of each test; None or nan for what was not tested. These do not count, and
            are nan again.

    Returns:
        An array of the same length.

    Raises:
        ValueError: If a p is not between 0 and 1.

    Examples:
        >>> adjusted([0.01, None, 0.04, 0.03]).tolist()
        [0.03, nan, 0.04, 0.04]

    References:
        Benjamini and Hochberg (1995), *Controlling the false discovery rate*, Journal of the
        Royal Statistical Society B 57, 289-300.
    """
    values = np.array(p, dtype=np.float64)
    if ((values < 0) | (values > 1)).any():
        message = "p must be between 0 and 1"
        raise ValueError(message)
    places = np.flatnonzero(~np.isnan(values))
    places = places[np.argsort(-values[places], kind="stable")]
    n = len(places)
    # From the greatest p, of rank n, down: no q is greater than that of a greater p. As scipy's
    # `false_discovery_control`, which takes half a second to import.
    values[places] = np.minimum.accumulate(values[places] * n / np.arange(n, 0, -1))
    return values
