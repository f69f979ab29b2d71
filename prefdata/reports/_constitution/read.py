"""What one step found of the principles of each source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.reports._constitution.params import ConstitutionReport

__all__ = ["Measured", "read_measured"]

_ALL = "all"
_GROUP = ("source", "group_by", "group_value")
_KEY = ("source", "principle_id")
_WORDS = ("name", "theme", "origin", "sentence", "opposite")


@dataclass(frozen=True, slots=True)
class Measured:
    """The tables of one step, each sorted by its key, with the words of the principles."""

    effects: pl.DataFrame
    contrasts: pl.DataFrame
    constitutions: pl.DataFrame
    reconstructions: pl.DataFrame
    evidence: pl.DataFrame
    principles: pl.DataFrame
    """Rows of ``principles`` of all steps, each principle of a source once."""

    @property
    def sources(self) -> list[str]:
        """Sources that something is known of."""
        return sorted(set(self.effects["source"]) | set(self.reconstructions["source"]))

    @property
    def overall(self) -> pl.DataFrame:
        """Effects on all labels."""
        return self.effects.filter(group_by=_ALL, part=_ALL)


def read_measured(tables: Mapping[str, pl.LazyFrame], params: ConstitutionReport) -> Measured:
    """Read what one step found.

    Args:
        tables: The tables that the report reads.
        params: The step.
    """
    principles = (
        tables["principles"]
        .collect()
        .sort("stage", *_KEY)
        .unique(_KEY, keep="first", maintain_order=True)
    )
    words = principles.select(*_KEY, *_WORDS)

    def of(table: str, *keys: str) -> pl.DataFrame:
        step = pl.col("stage") == params.constitution_from
        return tables[table].filter(step).drop("stage").collect().sort(keys)

    def worded(frame: pl.DataFrame) -> pl.DataFrame:
        own = words.drop("sentence") if "sentence" in frame.columns else words
        return frame.join(own, on=_KEY, how="left", maintain_order="left")

    return Measured(
        effects=worded(of("principle_effects", *_GROUP, "part", "principle_id")),
        contrasts=worded(of("principle_contrasts", *_GROUP, "reference", "principle_id")),
        constitutions=worded(of("constitutions", *_GROUP, "rank")),
        reconstructions=of("reconstructions", *_GROUP, "predictor"),
        evidence=of("principle_evidence", "source", "principle_id", "basis", "side", "rank"),
        principles=principles,
    )
