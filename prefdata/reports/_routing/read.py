"""What one plan says, and what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.reports._routing.params import Routing

__all__ = ["Planned", "read_plan"]


@dataclass(frozen=True, slots=True)
class Planned:
    """The tables of one plan, each sorted by its key."""

    routes: pl.DataFrame
    curves: pl.DataFrame
    verdicts: pl.DataFrame
    agreements: pl.DataFrame
    annotators: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether nothing was planned."""
        return self.routes.is_empty() and self.verdicts.is_empty()

    @property
    def plans(self) -> list[tuple[str, str]]:
        """Source and aspect of each plan."""
        named = pl.concat(
            [frame.select("source", "aspect") for frame in (self.routes, self.verdicts)]
        )
        return named.unique().sort("source", "aspect").rows()


def read_plan(tables: Mapping[str, pl.LazyFrame], params: Routing) -> Planned:
    """Read one plan."""

    def of(table: str, step: str | None, *keys: str) -> pl.DataFrame:
        if table not in tables:
            return pl.DataFrame()
        return (
            tables[table]
            .filter(pl.col("stage") == pl.lit(step, pl.String))
            .drop("stage")
            .collect()
            .sort(keys)
        )

    return Planned(
        routes=of("routes", params.route_from, "source", "aspect", "comparison_id"),
        curves=of(
            "route_curves", params.route_from, "source", "aspect", "router", "measure", "share"
        ),
        verdicts=of("route_verdicts", params.route_from, "source", "aspect", "router"),
        agreements=of(
            "agreements",
            params.votes_from,
            "source",
            "aspect",
            "coefficient",
            "among",
            "group_by",
            "group_value",
        ),
        annotators=of("annotator_quality", params.votes_from, "source", "aspect", "annotator_id"),
    )
