"""Everything that the report found, in one place for the page and the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.reports._routing import numbers
from prefdata.reports._routing.figures import figures
from prefdata.reports._routing.queue import Asked, asked_to_read
from prefdata.reports._routing.read import Planned, read_plan
from prefdata.routing.features.names import readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.protocols import Context
    from prefdata.reports._page.figures import Drawn
    from prefdata.reports._routing.params import Routing

__all__ = ["Findings", "find"]


@dataclass(frozen=True, slots=True)
class Findings:
    """Numbers, figures and comparisons to read."""

    params: Routing
    snapshot: str
    planned: Planned
    arms: pl.DataFrame
    batches: pl.DataFrame
    routers: pl.DataFrame
    tags: pl.DataFrame
    agreements: pl.DataFrame
    annotators: pl.DataFrame
    asked: list[Asked]
    figures: dict[str, Drawn]


def find(tables: Mapping[str, pl.LazyFrame], params: Routing, context: Context) -> Findings:
    """Compute everything, and draw the figures.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    planned = read_plan(tables, params)
    agreements = _in_words(numbers.main_agreements(planned))
    annotators = planned.annotators
    if annotators.height:
        annotators = annotators.sort("n", "annotator_id", descending=[True, False])
    return Findings(
        params=params,
        snapshot=context.snapshot,
        planned=planned,
        arms=numbers.by_arm(planned),
        batches=numbers.by_batch(planned),
        routers=numbers.at_the_budget(planned),
        tags=numbers.tags(planned),
        agreements=agreements,
        annotators=annotators.head(params.annotators),
        asked=asked_to_read(tables, numbers.first_asked(planned, params.k)),
        figures=figures(planned, agreements),
    )


def _in_words(rows: pl.DataFrame) -> pl.DataFrame:
    """Write tags as people read them."""
    if rows.is_empty():
        return rows
    tag = pl.col("group_value").map_elements(readable, return_dtype=pl.String)
    return rows.with_columns(
        pl.when(pl.col("group_by") == "tag").then(tag).otherwise("group_value").alias("group_value")
    )
