"""The tables of the report, from what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.constitution.proposing.sentences import BEGINNING

if TYPE_CHECKING:
    from prefdata.reports._constitution.read import Measured

__all__ = [
    "ALPHA",
    "PREDICTORS",
    "PREFIX",
    "across_sources",
    "alike",
    "by_strength",
    "depends_on_order",
    "differences",
    "predictors",
    "side_by_side",
    "turned",
    "verdicts",
]

PREFIX = f"{BEGINNING} "
"""What most principles begin with, and tables say once."""

ALPHA = 0.1
"""Rate of false discoveries below which a principle is called found."""

PREDICTORS = {
    "constitution": "the constitution",
    "one-principle": "its best principle alone",
    "length": "length alone",
    "top-k": "the strongest principles, one vote each",
    "all-principles": "all principles",
}
"""What foretells labels, in words, in the order in which it is shown."""

_ALL = "all"
_ALIKE = 0.6
"""Cosine of votes from which two principles hardly differ."""
_GROUP = ("source", "group_by", "group_value")


def turned(frame: pl.DataFrame, by: str = "strength") -> pl.DataFrame:
    """Add ``holds``: the end of each principle that the sign of a column points to."""
    other = pl.coalesce("opposite", pl.concat_str(pl.lit("not: "), "sentence"))
    return frame.with_columns(holds=pl.when(pl.col(by) < 0).then(other).otherwise("sentence"))


def by_strength(effects: pl.DataFrame) -> pl.DataFrame:
    """Return measured principles, found ones first, each by its strength."""
    measured = turned(effects.filter(status="measured")).with_columns(
        is_found=(pl.col("q") < ALPHA).fill_null(value=False), size=pl.col("strength").abs()
    )
    return measured.sort(
        "is_found", "size", "principle_id", descending=[True, True, False], nulls_last=True
    )


def alike(effects: pl.DataFrame) -> pl.DataFrame:
    """Add ``alike``: the principle whose votes are nearly its own, or nearly opposed, in words.

    Args:
        effects: Of all labels of one source, measured or not.
    """
    words = effects.select(
        alike_id="principle_id", other=pl.col("sentence").str.strip_prefix(PREFIX)
    )
    cosine = pl.col("alike_cosine")
    told = pl.format("{} ({})", "other", cosine.round(2))
    return (
        effects.join(words.unique("alike_id"), on="alike_id", how="left", maintain_order="left")
        .with_columns(alike=pl.when(cosine.abs() >= _ALIKE).then(told))
        .drop("other")
    )


def depends_on_order(effects: pl.DataFrame) -> bool:
    """Tell whether a model mostly voted otherwise when the responses were shown the other way."""
    asked = effects.filter(pl.col("origin") != "catalogue")
    if asked.is_empty():
        return False
    counts = asked.select(pl.col("n_agree", "n_disagree", "n_inconsistent").sum()).row(0)
    n_agree, n_disagree, n_inconsistent = (count or 0 for count in counts)
    return bool(n_inconsistent > n_agree + n_disagree)


def verdicts(measured: Measured) -> pl.DataFrame:
    """Return the verdict of each group with the size of its constitution."""
    sizes = measured.constitutions.group_by(_GROUP).agg(
        pl.len().alias("principles"),
        constitution=pl.col("sentence").str.strip_chars_end(".").sort_by("rank").str.join("; "),
    )
    length = measured.reconstructions.filter(predictor="length").select(
        *_GROUP, length_accuracy="accuracy"
    )
    return (
        measured.reconstructions.filter(predictor="constitution")
        .join(sizes, on=_GROUP, how="left", maintain_order="left")
        .join(length, on=_GROUP, how="left", maintain_order="left")
        .with_columns(pl.col("principles").fill_null(0))
    )


def predictors(measured: Measured, source: str) -> pl.DataFrame:
    """Return what foretells the labels of a source, how well, in words."""
    rows = measured.reconstructions.filter(source=source, group_by=_ALL)
    order = {name: place for place, name in enumerate(PREDICTORS)}
    return rows.with_columns(
        told=pl.col("predictor").replace(PREDICTORS),
        place=pl.col("predictor").replace_strict(order, default=len(order), return_dtype=pl.Int32),
    ).sort("place", "predictor")


def differences(measured: Measured, source: str) -> pl.DataFrame:
    """Return measured differences between groups, found ones first, then the widest."""
    rows = measured.contrasts.filter(source=source, status="measured").filter(
        pl.col("reference") != _ALL
    )
    rows = rows.with_columns(
        is_found=(pl.col("q") < ALPHA).fill_null(value=False), size=pl.col("difference").abs()
    )
    keys = ("group_by", "group_value", "reference", "principle_id")
    return rows.sort(
        *("is_found", "size", *keys),
        descending=[True, True, *([False] * len(keys))],
        nulls_last=True,
    )


def side_by_side(
    measured: Measured, source: str, group_by: str, *, groups: int, rows: int
) -> pl.DataFrame:
    """Return the strength of principles in each group, a column for each group.

    Principles on which groups differ by the test of any difference come first; where there is
    none, those whose strength is greatest anywhere. It is null where it was not measurable.
    """
    # Where it decides few labels, a strength near zero is not measured to be so.
    is_measured = pl.col("status") == "measured"
    mine = measured.effects.filter(source=source, group_by=group_by, part=_ALL).with_columns(
        strength=pl.when(is_measured).then("strength")
    )
    sizes = mine.group_by("group_value").agg(pl.col("n_labels").max())
    kept = sizes.sort("n_labels", "group_value", descending=[True, False]).head(groups)
    names = kept["group_value"].to_list()
    test = measured.contrasts.filter(source=source, group_by=group_by, group_value=_ALL)
    chosen = (
        mine.filter(pl.col("strength").is_not_null())
        .group_by("principle_id", "sentence")
        .agg(pl.col("strength").abs().max().alias("size"), pl.len().alias("n"))
        .filter(pl.col("n") > 1)
        .join(test.select("principle_id", "q"), on="principle_id", how="left")
        .with_columns(differs=(pl.col("q") < ALPHA).fill_null(value=False))
        .sort("differs", "size", "principle_id", descending=[True, True, False])
        .head(rows)
    )
    if chosen.is_empty():
        return pl.DataFrame()
    wide = mine.filter(pl.col("group_value").is_in(names)).pivot(
        on="group_value", index="principle_id", values="strength"
    )
    present = [name for name in names if name in wide.columns]
    return chosen.select("principle_id", "sentence", "differs", "q").join(
        wide.select("principle_id", *present),
        on="principle_id",
        how="left",
        maintain_order="left",
    )


def across_sources(measured: Measured, rows: int) -> pl.DataFrame:
    """Return the strength of principles in each source, where there are several.

    Those that are found in a source and whose strengths differ most come first.
    """
    effects = measured.overall.filter(status="measured")
    if effects["source"].n_unique() < 2:  # noqa: PLR2004 - one source has nothing beside it
        return pl.DataFrame()
    chosen = (
        effects.group_by("principle_id", "sentence")
        .agg(
            spread=pl.col("strength").max() - pl.col("strength").min(),
            n=pl.len(),
            q=pl.col("q").min(),
        )
        .filter((pl.col("n") > 1) & (pl.col("q") < ALPHA))
        .sort("spread", "principle_id", descending=[True, False])
        .head(rows)
    )
    wide = effects.pivot(on="source", index="principle_id", values="strength")
    order = ["principle_id", *sorted(set(wide.columns) - {"principle_id"})]
    return chosen.select("principle_id", "sentence").join(
        wide.select(order), on="principle_id", how="left", maintain_order="left"
    )
