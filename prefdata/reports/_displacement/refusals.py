"""Which responses refuse, told by their words: a rule of thumb for English texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.reports._displacement.params import Displacement

__all__ = ["KINDS", "by_refusals", "refusals", "refusals_by_fifth"]

KINDS = ("both", "chosen", "rejected", "none")
"""Which of the two responses refuse."""


def refusals(
    tables: Mapping[str, pl.LazyFrame], ranked: pl.DataFrame, params: Displacement
) -> pl.DataFrame:
    """Add ``refuses`` to ranked pairs: one of `KINDS`, null where a text is not in the catalog.

    Texts are read as a stream; nothing of them is kept but the answer.
    """
    responses = tables["responses"].select("response_id", refuses=_refuses(params))
    pairs = (
        tables["pairs"]
        .select("pair_id", "chosen_id", "rejected_id")
        .join(ranked.lazy().select("pair_id"), on="pair_id", how="semi")
        # A pair that several steps made has the same responses in each.
        .unique("pair_id", keep="any")
    )
    for side in ("chosen", "rejected"):
        named = responses.rename({"response_id": f"{side}_id", "refuses": side})
        pairs = pairs.join(named, on=f"{side}_id", how="left")
    kinds = pairs.select(
        "pair_id",
        refuses=pl.when(pl.col("chosen") & pl.col("rejected"))
        .then(pl.lit("both"))
        .when(pl.col("chosen") & ~pl.col("rejected"))
        .then(pl.lit("chosen"))
        .when(~pl.col("chosen") & pl.col("rejected"))
        .then(pl.lit("rejected"))
        .when(~pl.col("chosen") & ~pl.col("rejected"))
        .then(pl.lit("none")),
    ).collect(engine="streaming")
    return ranked.join(kinds, on="pair_id", how="left", maintain_order="left")


def _refuses(params: Displacement) -> pl.Expr:
    if not params.refusals:
        return pl.lit(value=False)
    pattern = "(?i)" + "|".join(f"(?:{one})" for one in params.refusals)
    start = pl.col("text").str.slice(0, params.refusal_characters)
    # Apostrophes as typed and as typeset, and line breaks inside a phrase.
    plain = start.str.replace_all("[’ʼ`]", "'").str.replace_all(r"\s+", " ")  # noqa: RUF001
    return plain.str.contains(pattern)


def by_refusals(ranked: pl.DataFrame) -> pl.DataFrame:
    """Return refuses, pairs, share, median LN-CHES and share kept, in the order of `KINDS`."""
    known = ranked.drop_nulls("refuses")
    return (
        pl.DataFrame({"refuses": KINDS})
        .join(
            known.group_by("refuses").agg(
                pairs=pl.len(),
                median=pl.col("ln_ches").median(),
                share_kept=pl.col("flag").null_count() / pl.len(),
            ),
            on="refuses",
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.col("pairs").fill_null(0))
        .with_columns(share=pl.col("pairs") / max(known.height, 1))
    )


def refusals_by_fifth(ranked: pl.DataFrame) -> pl.DataFrame:
    """Return for each fifth of LN-CHES the share of pairs of which both, one or none refuse."""
    kinds = pl.col("refuses")
    return (
        ranked.drop_nulls("refuses")
        .group_by("fifth")
        .agg(
            pairs=pl.len(),
            both=(kinds == "both").mean(),
            one=kinds.is_in(["chosen", "rejected"]).mean(),
            none=(kinds == "none").mean(),
        )
        .sort("fifth")
    )
