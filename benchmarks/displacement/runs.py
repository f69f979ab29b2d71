"""Which pairs each run is trained on."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.displacement.scores import MATCHED
from benchmarks.displacement.sizes import LOSSES

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from benchmarks.displacement.sizes import Sizes

__all__ = ["FIFTHS", "LEVELS", "RANDOM", "Run", "choose", "runs_of"]

LEVELS = {"lowest": 0, "middle": 2, "highest": 4}
"""Fifths, counted from the lowest score."""
RANDOM = "random"
FIFTHS = {
    "ches": ("dpo", "ipo"),
    "ln_ches": ("dpo", "ipo"),
    MATCHED: ("dpo",),
    "last_dot": ("dpo",),
    "edit_similarity": ("dpo",),
    "length_difference": ("dpo",),
}
"""By what the pairs are cut into fifths, and the losses that are trained on these."""
_OTHERS = ("last_dot", "edit_similarity", "length_difference")


@dataclass(frozen=True, slots=True)
class Run:
    """One training."""

    predictor: str
    """Whose fifths; ``random`` for pairs drawn from all."""
    level: str
    loss: str
    seed: int

    @property
    def name(self) -> str:
        """Its name, and that of its file."""
        return f"{self.predictor}-{self.level}-{self.loss}-{self.seed}"


def runs_of(sizes: Sizes) -> list[Run]:
    """Return all runs."""
    return [
        run
        for seed in sizes.seeds
        for run in (
            *(Run(RANDOM, RANDOM, loss, seed) for loss in LOSSES),
            *(
                Run(predictor, level, loss, seed)
                for predictor, losses in FIFTHS.items()
                if predictor not in _OTHERS or seed in sizes.other_seeds
                for loss in losses
                for level in LEVELS
            ),
        )
    ]


def choose(run: Run, scores: pl.DataFrame, n_pairs: int) -> NDArray[np.int64]:
    """Return the rows of the pairs of a run, in the order in which it sees them.

    Args:
        run: Which fifth; its seed draws the pairs out of it, and their order.
        scores: The pairs that may be trained on, by ``pair_id``.
        n_pairs: How many.
    """
    random = np.random.default_rng([run.seed, zlib.crc32(run.name.encode())])
    if run.predictor == RANDOM:
        # The same pairs and order for both losses.
        random = np.random.default_rng([run.seed, zlib.crc32(RANDOM.encode())])
        return random.permutation(scores.height)[:n_pairs]
    order = np.argsort(scores[run.predictor].to_numpy(), kind="stable")
    fifth = np.array_split(order, 5)[LEVELS[run.level]]
    if len(fifth) < n_pairs:
        message = f"a fifth holds {len(fifth)} pairs, {n_pairs} are wanted: give more data"
        raise ValueError(message)
    return random.permutation(fifth)[:n_pairs]
