"""What annotators preferred, as signed labels of comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.tables.comparisons import COMPARISON, comparison_ids
from prefdata.tables.identity import encode, hash_texts
from prefdata.texts.normal import normalised

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "COMPARED",
    "LABEL",
    "Labelled",
    "described_comparisons",
    "read_comparisons",
    "read_labelled",
]

COMPARED: Mapping[str, pl.DataType] = {
    **COMPARISON,
    "opening": pl.String(),
    "subset": pl.String(),
    "split": pl.String(),
    "topic": pl.String(),
    "language": pl.String(),
    "length": pl.Float64(),
}
"""Columns of comparisons that have labels. ``opening`` is equal where the first message of the
user has the same words: such comparisons never stand on both sides of a split. ``subset``,
``split``, ``topic`` and ``language`` are the prompt's, as the source writes them. ``length`` is the
logarithm of the ratio of the numbers of words of a and b, with one word added to each."""

LABEL: Mapping[str, pl.DataType] = {
    "at": pl.UInt32(),
    "annotator_id": pl.String(),
    "kind": pl.String(),
    "y": pl.Float64(),
    "judgment_id": pl.String(),
    "step": pl.String(),
}
"""Columns of labels: one annotator (null for several that were aggregated) on the comparison in
row ``at``; ``kind`` is the annotator's. ``y`` is 1 where a is preferred, -1 where b is, 0 for a
tie, and between where the same annotator said several things, or where votes were counted."""

_SHARE = "share of votes"
_OF_PAIR = (
    *("source", "prompt_id", "chosen_id", "rejected_id", "aspect", "stage"),
    *("annotator_id", "judgment_id", "margin", "margin_unit"),
)
_NAMED = ("comparison_id", "response_a_id", "response_b_id")


@dataclass(frozen=True, slots=True)
class Labelled:
    """Comparisons, and the labels that annotators gave them."""

    comparisons: pl.DataFrame
    """Columns of `COMPARED`, sorted by id."""
    labels: pl.DataFrame
    """Columns of `LABEL`, sorted by ``at`` and annotator; ties are among them."""

    @property
    def n_ties(self) -> int:
        """Labels that prefer neither."""
        return int((self.labels["y"] == 0).sum())


def read_comparisons(tables: Mapping[str, pl.LazyFrame], steps: Sequence[str]) -> pl.DataFrame:
    """Return what pairs of some steps compare, each comparison once, sorted by id.

    Args:
        tables: ``pairs`` and ``prompts``.
        steps: The steps whose pairs are read.

    Returns:
        Columns of `prefdata.tables.comparisons.COMPARISON`.
    """
    pairs = (
        tables["pairs"]
        .filter(pl.col("stage").is_in(list(steps)))
        .select("source", "prompt_id", "chosen_id", "rejected_id", "aspect")
        .unique()
        .collect()
    )
    return _compared(tables, comparison_ids(pairs, "chosen_id", "rejected_id"))


def _compared(tables: Mapping[str, pl.LazyFrame], named: pl.DataFrame) -> pl.DataFrame:
    """Return each comparison once, from pairs that `comparison_ids` has named."""
    prompts = tables["prompts"].select("prompt_id", prompt_hash="content_hash")
    return (
        named.lazy()
        .select("source", "prompt_id", "aspect", *_NAMED)
        .unique("comparison_id")
        .join(prompts, on="prompt_id", how="left")
        .select(*COMPARISON)
        .sort("comparison_id")
        .collect()
    )


def read_labelled(
    tables: Mapping[str, pl.LazyFrame], steps: Sequence[str], *, is_graded: bool = False
) -> Labelled:
    """Read the labels of comparisons from the pairs of some steps.

    Two pairs of one annotator, one each way, are a tie (`make-pairs` with ``tie: both-orders``);
    several pairs of one annotator on one comparison are one label, their mean. Pairs of several
    annotators that were aggregated are one label without an annotator.

    Args:
        tables: ``pairs``, ``annotators``, ``prompts`` and ``responses``.
        steps: The steps whose pairs are labels.
        is_graded: Take how far the votes of an aggregate lean as ``y``, not their majority alone.
    """
    pairs = tables["pairs"].filter(pl.col("stage").is_in(list(steps))).select(_OF_PAIR).collect()
    named = comparison_ids(pairs, "chosen_id", "rejected_id")
    comparisons = described_comparisons(tables, _compared(tables, named))
    size = (
        pl.when(pl.col("margin_unit") == _SHARE).then("margin").otherwise(1.0)
        if is_graded
        else pl.lit(1.0)
    )
    # Sorted, so that which of several rows is kept does not depend on their order.
    said = (
        named.with_columns(y=pl.when("is_one_a").then(size).otherwise(-size))
        .sort(encode("judgment_id", "chosen_id"))
        .group_by("comparison_id", "annotator_id", maintain_order=True)
        .agg(pl.col("y").mean(), pl.col("judgment_id").first(), step=pl.col("stage").min())
    )
    rows = comparisons.lazy().select("comparison_id").with_row_index("at")
    kinds = tables["annotators"].select("annotator_id", "kind").unique("annotator_id")
    labels = (
        said.lazy()
        .join(rows, on="comparison_id")
        .join(kinds, on="annotator_id", how="left")
        .select(pl.col(name).cast(dtype) for name, dtype in LABEL.items())
        .sort("at", "annotator_id", nulls_last=True)
        .collect()
    )
    return Labelled(comparisons, labels)


def described_comparisons(
    tables: Mapping[str, pl.LazyFrame], comparisons: pl.DataFrame
) -> pl.DataFrame:
    """Add what is known of the prompt, and how the lengths of both responses compare.

    Args:
        tables: ``prompts`` and ``responses``.
        comparisons: As `read_comparisons` returns them.

    Returns:
        Columns of `COMPARED`, sorted by id.
    """
    users = pl.col("messages").list.filter(pl.element().struct.field("role") == "user")
    first = pl.coalesce(users.list.first(), pl.col("messages").list.first())
    prompts = (
        tables["prompts"]
        .join(comparisons.lazy().select("prompt_id").unique(), on="prompt_id", how="semi")
        .select(
            *("prompt_id", "subset", "split", "topic", "language"),
            opening=normalised(first.struct.field("content")),
        )
        .collect()
    )
    prompts = prompts.with_columns(opening=hash_texts(prompts["opening"].fill_null("")))
    n_words = pl.col("text").fill_null("").str.count_matches(r"\S+")
    # Once for both sides.
    sizes = tables["responses"].select("response_id", n_words=n_words).collect().lazy()
    found = comparisons.lazy().join(prompts.lazy(), on="prompt_id", how="left")
    for side in ("a", "b"):
        named = sizes.rename({"response_id": f"response_{side}_id", "n_words": side})
        found = found.join(named, on=f"response_{side}_id", how="left")
    ratio = (pl.col("a").fill_null(0) + 1) / (pl.col("b").fill_null(0) + 1)
    return (
        found.with_columns(length=ratio.log())
        .select(pl.col(name).cast(dtype) for name, dtype in COMPARED.items())
        .sort("comparison_id")
        .collect()
    )
