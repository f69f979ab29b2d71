"""The tiles of a world: parts of at most the published size, each with chance of its own.

A world of scale 2.5 is two tiles of the published size and one of half of it, one after the other
in the same files. What is drawn, planted and apportioned is so for each tile by itself, so that the
published rates hold in each, and one tile at a time is in memory. The first tile has the seed and
the words of the world, and is the world of scale 1; each other one has a seed and a dialect of its
own (`prefdata.testing.world.dialects`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from prefdata.testing.world.dialects import dialect, people
from prefdata.testing.world.languages import LEXICONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.testing.world.lexicon import Lexicon
    from prefdata.testing.world.spec import WorldSpec

__all__ = ["Tile", "tiles_of"]

_LEAST = 0.0005
"""A remainder no larger than this share of a tile is left out: it would be a handful of rows."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a world; one that stands alone is the world that its spec names."""

    spec: WorldSpec
    """The world that the tile is, with a seed and a scale of its own."""
    number: int = 0
    world_seed: int = 0
    """The seed of the whole world."""
    size: float = 1.0
    """The scale of each tile before this one."""

    def lexicon(self, language: str = "en") -> Lexicon:
        """Return the words of a language, as this tile speaks it."""
        lexicon = LEXICONS[language]
        if self.number == 0:
            return lexicon
        return dialect(lexicon, language, self.world_seed, self.number)

    def people(self, names: Sequence[str]) -> Sequence[str]:
        """Return last names: those given, or in another tile than the first as many others."""
        return people(self.world_seed, self.number, len(names)) if self.number else names


def tiles_of(spec: WorldSpec, size: float = 1.0) -> list[Tile]:
    """Divide a world into tiles.

    Args:
        spec: Which world.
        size: Scale of a tile; smaller ones make many tiles of a small world, for tests.
    """
    n_whole = math.floor(spec.scale / size + 1e-9)
    rest = round(spec.scale - n_whole * size, 9)
    scales = [size] * n_whole
    if rest > _LEAST * size or not scales:
        scales.append(rest)
    return [
        Tile(
            replace(spec, scale=scale, seed=_seed(spec.seed, number)),
            number,
            spec.seed,
            size,
        )
        for number, scale in enumerate(scales)
    ]


def _seed(seed: int, number: int) -> int:
    """Derive the seed of a tile; the first one has that of the world."""
    if number == 0:
        return seed
    high, low = np.random.SeedSequence([seed, number]).generate_state(2).tolist()
    return int(high << 32 | low)
