"""How large everything is: the experiment itself, and a run of two minutes that proves nothing."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "LOSSES", "QUICK", "Sizes"]

LOSSES = {"dpo": "sigmoid", "ipo": "ipo"}
"""The names of the losses, here and in TRL."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What decides the result, besides the data."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    longest: int = 1024
    """Tokens of a transcript that the model reads; longer ones lose their end."""
    model_tokens: int = 3_000_000
    """Tokens that the language model is trained on, however often it sees each text."""
    model_batch_tokens: int = 2_048
    model_rate: float = 3e-3
    held_out: float = 0.05
    """Share of the pairs that only measures the language model."""

    pair_tokens: int = 256
    """Pairs of which prompt and longer response have more tokens are scored, but not trained on."""
    n_pairs: int = 192
    """Pairs of each run; a fifth has at least as many."""
    batch: int = 16
    micro_batch: int = 4
    """Pairs in one forward pass; does not change the result, but for rounding."""
    rates: tuple[tuple[str, float], ...] = (("dpo", 1e-4), ("ipo", 1e-4))
    """Learning rate of each loss: it moves the margins of random pairs well."""
    seeds: tuple[int, ...] = (0, 1, 2)
    other_seeds: tuple[int, ...] = (0,)
    """Seeds of the fifths by what competes with CHES."""
    beta: float = 0.1
    n_alone: int = 400
    """Pairs whose gradient is taken alone."""

    def rate(self, loss: str) -> float:
        """Return the learning rate of a loss."""
        return dict(self.rates)[loss]


FULL = Sizes(vocabulary=4_096, width=192, layers=4, heads=6)
QUICK = Sizes(
    vocabulary=1_024,
    width=64,
    layers=2,
    heads=2,
    model_tokens=200_000,
    n_pairs=32,
    seeds=(0,),
    n_alone=40,
)
