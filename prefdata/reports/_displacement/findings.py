"""Everything that the report found, in one place for the page and the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.reports._displacement.figures import figures
from prefdata.reports._displacement.numbers import (
    Cut,
    by_fifth,
    by_source,
    by_status,
    correlations,
    cuts,
)
from prefdata.reports._displacement.read import Scores, read_scores
from prefdata.reports._displacement.reading import Reading, pairs_to_read
from prefdata.reports._displacement.refusals import by_refusals, refusals, refusals_by_fifth

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from prefdata.protocols import Context
    from prefdata.reports._displacement.params import Displacement
    from prefdata.reports._page.figures import Drawn

__all__ = ["Findings", "find"]


@dataclass(frozen=True, slots=True)
class Findings:
    """Numbers, figures and pairs to read."""

    params: Displacement
    snapshot: str
    sources: tuple[str, ...]
    scores: Scores
    ranked: pl.DataFrame
    """Ranked pairs, the lowest LN-CHES first, with ``refuses``."""
    by_status: pl.DataFrame
    by_source: pl.DataFrame
    by_fifth: pl.DataFrame
    by_refusals: pl.DataFrame
    refusals_by_fifth: pl.DataFrame
    correlations: pl.DataFrame
    cuts: list[Cut]
    reading: Reading
    figures: dict[str, Drawn]

    @property
    def n_kept(self) -> int:
        """Pairs that no filter flagged."""
        return self.scores.rows["flag"].null_count()

    @property
    def n_without_texts(self) -> int:
        """Ranked pairs whose texts are not in the catalog."""
        return self.ranked["refuses"].null_count()


def find(tables: Mapping[str, pl.LazyFrame], params: Displacement, context: Context) -> Findings:
    """Compute everything, and draw the figures.

    Raises:
        DataError: If the scores are of more than one model or way of reading.
        MissingExtraError: If matplotlib is not installed.
    """
    scores = read_scores(tables, params)
    ranked = refusals(tables, scores.ranked, params)
    found = cuts(ranked) if scores.is_filtered else []
    shares = refusals_by_fifth(ranked)
    return Findings(
        params=params,
        snapshot=context.snapshot,
        sources=tuple(scores.rows["source"].unique().sort()),
        scores=scores,
        ranked=ranked,
        by_status=by_status(scores.rows),
        by_source=by_source(scores.rows),
        by_fifth=by_fifth(ranked),
        by_refusals=by_refusals(ranked),
        refusals_by_fifth=shares,
        correlations=correlations(ranked),
        cuts=found,
        reading=pairs_to_read(tables, scores, ranked, params.k),
        figures=figures(ranked, found, shares),
    )
