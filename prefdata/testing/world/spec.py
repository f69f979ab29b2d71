"""What a world is: the request that names it, and what comes back after it is written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "DEMO",
    "MAX_SCALE",
    "PAIRS",
    "SOURCES",
    "SourceFiles",
    "Truth",
    "World",
    "WorldSpec",
    "scale_of_pairs",
]

SOURCES = ("hh-rlhf", "ultrafeedback", "prism", "community-alignment", "multipref")
MAX_SCALE = 1_000

PAIRS = {
    "hh-rlhf": 169_227,
    "ultrafeedback": 345_963,
    "prism": 48_924,
    "community-alignment": 698_550,
    "multipref": 30_166,
}
"""Pairs that the recipe ``clean`` makes of each source at scale 1, 1,292,830 together.

Counted in the raw files of seed 0: rows of HH-RLHF whose sides differ; two completions of
UltraFeedback whose mean ratings differ; two responses to a prompt of PRISM more than 5 points
apart; the preferred response of Community Alignment and each other one; answers of MultiPref for
``overall`` that are no tie; never two responses with the same words. Another seed moves them by
less than one in a hundred.
"""

RedTeamLayout = Literal["array", "lines"]
Vintage = Literal["post-fix", "pre-fix"]
AnnotationShape = Literal["object", "array"]


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """The name of a world: equal specs give equal bytes.

    Args:
        seed: Where all chance comes from, together with the name of the source.
        scale: How many times the published size, in ``(0, 1000]``; 1.0 holds the published counts,
            more than that is made of tiles (`prefdata.testing.world.tiles`).
        sources: The sources to write, each independent of the others.
        red_team_layout: Whether the red-team file is one JSON array or JSON Lines.
        ultrafeedback_vintage: ``pre-fix`` has no ``fine-grained_score`` and shows every
            overall score of 1 as 10, as the first release did.
        ultrafeedback_annotations: Whether one aspect holds an object or an array of one.

    Raises:
        ValueError: If a value is outside its range or a source is unknown.
    """

    seed: int = 0
    scale: float = 1.0
    sources: tuple[str, ...] = SOURCES
    red_team_layout: RedTeamLayout = "array"
    ultrafeedback_vintage: Vintage = "post-fix"
    ultrafeedback_annotations: AnnotationShape = "object"

    def __post_init__(self) -> None:
        """Refuse a spec that names no world."""
        if self.seed < 0:
            message = f"seed must not be negative: {self.seed}"
            raise ValueError(message)
        if not 0 < self.scale <= MAX_SCALE:
            message = f"scale must lie in (0, {MAX_SCALE}]: {self.scale}"
            raise ValueError(message)
        unknown = [name for name in self.sources if name not in SOURCES]
        if unknown or len(set(self.sources)) != len(self.sources):
            message = f"sources must be distinct names out of {SOURCES}: {self.sources}"
            raise ValueError(message)
        for value, allowed in (
            (self.red_team_layout, get_args(RedTeamLayout)),
            (self.ultrafeedback_vintage, get_args(Vintage)),
            (self.ultrafeedback_annotations, get_args(AnnotationShape)),
        ):
            if value not in allowed:
                message = f"{value!r} is not one of {allowed}"
                raise ValueError(message)

    @classmethod
    def of_pairs(cls, n: int, *, seed: int = 0, sources: tuple[str, ...] = SOURCES) -> Self:
        """Name the world that the recipe ``clean`` makes about so many pairs from.

        Raises:
            ValueError: If no world of these sources has so few or so many.
        """
        return cls(seed=seed, scale=scale_of_pairs(n, sources), sources=sources)


def scale_of_pairs(n: int, sources: tuple[str, ...] = SOURCES) -> float:
    """Return the scale at which ``make-pairs`` of the recipe ``clean`` yields about `n` pairs.

    Examples:
        >>> scale_of_pairs(sum(PAIRS.values()))
        1.0
    """
    return round(n / sum(PAIRS[name] for name in sources), 4)


DEMO = WorldSpec(scale=0.0065)
"""A world for a demonstration: some 3,700 rows, 10 participants of PRISM, each quirk once."""


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The raw files of one source, named as on the hub."""

    folder: Path
    rows: Mapping[str, int]
    """Rows of each file, by its path below the folder, in the order written."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The paths of the files, in the order written."""
        return tuple(self.folder / name for name in self.rows)


@dataclass(frozen=True, slots=True)
class Truth:
    """What was planted; the tables are described in `prefdata.testing.world`."""

    folder: Path
    tables: Mapping[str, Path]

    def table(self, name: str) -> pl.DataFrame:
        """Read one table of the planted truth.

        Raises:
            KeyError: If there is no table of that name.
        """
        return pl.read_parquet(self.tables[name])

    @property
    def parameters(self) -> dict[str, Any]:
        """The planted rates, weights and coefficients, by source."""
        text = (self.folder / "parameters.json").read_text(encoding="utf-8")
        parameters: dict[str, Any] = json.loads(text)
        return parameters


@dataclass(frozen=True, slots=True)
class World:
    """A written world."""

    folder: Path
    spec: WorldSpec
    sources: Mapping[str, SourceFiles]
    truth: Truth

    def summary(self) -> list[dict[str, object]]:
        """Return one record for each source: its files, rows and bytes."""
        return [
            {
                "source": name,
                "files": len(written.files),
                "rows": sum(written.rows.values()),
                "bytes": sum(path.stat().st_size for path in written.files),
            }
            for name, written in self.sources.items()
        ]
