"""The scores of one step, ranked, with what a filter flagged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.reports._displacement.params import Displacement

__all__ = ["FIFTHS", "Scores", "read_scores"]

FIFTHS = 5
_RANKED = ("ok", "truncated")
_IDENTITY = ("model", "revision", "template", "dtype", "scorer", "settings")
_KEPT = (
    "pair_id",
    "source",
    "status",
    "detail",
    "ches",
    "ln_ches",
    "relative_ches",
    "n_pos",
    "n_neg",
    "last_dot",
    "edit_distance",
)


@dataclass(frozen=True, slots=True)
class Scores:
    """All pairs that a step scored or could not score."""

    rows: pl.DataFrame
    """Columns of ``scores``, sorted by pair; ``is_ranked``, ``fifth`` (1 is the lowest fifth of
    LN-CHES, null for pairs that are not ranked), ``length_difference`` (rejected minus chosen, in
    states), ``flag`` (null: not flagged)."""
    identity: dict[str, tuple[str, ...]]
    """What the scores are of: model, revision, template, dtype, scorer, settings."""
    reasons: pl.DataFrame
    """flag, reason, pairs: why a filter flagged pairs; empty without a filter."""
    is_filtered: bool

    @property
    def ranked(self) -> pl.DataFrame:
        """The pairs that can be ranked, the lowest LN-CHES first; of equals the smaller id."""
        return self.rows.filter("is_ranked").sort("ln_ches", "pair_id")


def read_scores(tables: Mapping[str, pl.LazyFrame], params: Displacement) -> Scores:
    """Read the scores of one step, and the flags of the filter.

    Raises:
        DataError: If the scores are of more than one model or way of reading.
    """
    scores = tables["scores"].filter(pl.col("stage") == params.scores_from)
    identity = _identity(scores.select(_IDENTITY).unique().collect(), params)
    rows = scores.select(_KEPT).collect(engine="streaming").sort("pair_id")
    is_finite = pl.all_horizontal(pl.col("ches", "ln_ches").is_finite().fill_null(value=False))
    rows = rows.with_columns(
        is_ranked=pl.col("status").is_in(_RANKED) & is_finite,
        length_difference=pl.col("n_neg") - pl.col("n_pos"),
    )
    rows = rows.join(_fifths(rows), on="pair_id", how="left", maintain_order="left")
    if params.filter_from is None:
        nothing = pl.DataFrame(schema={"flag": pl.String, "reason": pl.String, "pairs": pl.UInt32})
        unflagged = rows.with_columns(flag=pl.lit(None, pl.String))
        return Scores(unflagged, identity, nothing, is_filtered=False)
    found = (
        tables["flags"]
        .filter((pl.col("stage") == params.filter_from) & (pl.col("subject") == "pairs"))
        .select(pair_id="id", flag="flag", reason="reason")
        .collect(engine="streaming")
        .join(rows.select("pair_id"), on="pair_id", how="semi")
    )
    reasons = found.group_by("flag", "reason").agg(pairs=pl.len()).sort("flag", "reason")
    first = found.sort("pair_id", "flag").unique("pair_id", keep="first").select("pair_id", "flag")
    flagged = rows.join(first, on="pair_id", how="left", maintain_order="left")
    return Scores(flagged, identity, reasons, is_filtered=True)


def _fifths(rows: pl.DataFrame) -> pl.DataFrame:
    ranked = rows.filter("is_ranked").sort("ln_ches", "pair_id").select("pair_id")
    n = max(ranked.height, 1)
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    return ranked.with_columns(fifth=(place * FIFTHS // n + 1).cast(pl.Int32))


def _identity(found: pl.DataFrame, params: Displacement) -> dict[str, tuple[str, ...]]:
    """Return what the scores are of; scores of two scorers do not compare."""
    values = {name: tuple(found[name].unique().sort()) for name in _IDENTITY}
    if len(values["scorer"]) > 1:
        named = found.select("scorer", "model").unique("scorer", keep="any").sort("scorer")
        listed = ", ".join(f"{scorer} ({model})" for scorer, model in named.iter_rows())
        raise DataError(
            f"The scores of {params.scores_from} are of {len(values['scorer'])} models or ways of "
            f"reading, which do not compare: {listed}.",
            where="table scores",
            fix="Score all sources with one model, or report on the sources of one with --source.",
        )
    return values
