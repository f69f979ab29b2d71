"""Verdicts of one annotator on the same two responses, in both orders, as one judgment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from prefdata.stages._make_pairs.cases import parallel

if TYPE_CHECKING:
    from prefdata.stages._make_pairs.cases import Cases

__all__ = ["Merged", "merge_orders"]

_WHO = ("annotator_id", "prompt_id", "aspect", "protocol")
_SAME = ("scale_min", "scale_max", "strength")
_SEVERAL = "+"


@dataclass(frozen=True, slots=True)
class Merged:
    """One judgment for each annotator, aspect and two responses."""

    judgments: pl.DataFrame
    """The columns of judgments that make cases; the id of several joins theirs by ``+``."""
    n_votes: pl.Series
    """How many verdicts each is made of."""
    of_judgments: pl.Series
    """For each verdict the number of its judgment here."""

    def applied(self, cases: Cases) -> Cases:
        """Return cases that were made of these judgments as cases of the verdicts."""
        is_one = pl.Series(self.n_votes == 1)
        frame = cases.frame.with_columns(
            judgment_id=pl.when(is_one).then("judgment_id"), n_votes=self.n_votes
        )
        return replace(cases, frame=frame, of_judgments=self.of_judgments)


def merge_orders(judgments: pl.DataFrame) -> Merged:
    """Merge the pairwise verdicts of one annotator on the same responses for one aspect.

    A response is chosen if every verdict chooses it. If they differ, or some are ties, nobody is:
    the judgment is a tie. Scores are means over the verdicts, in which a liking for the first
    place cancels out. What is no pairwise judgment stays as it is.

    Args:
        judgments: The judgments.

    References:
        Zheng et al. (2023), arXiv:2306.05685, section 3.4: a win is one in both orders.
    """
    shown = pl.col("response_ids").list.sort().list.join("\n")
    is_choice = pl.col("protocol") == "pairwise"
    rows = judgments.with_columns(
        shown=pl.when(is_choice).then(shown).otherwise("judgment_id"),
        has_chosen=pl.col("chosen").is_not_null(),
        chosen=parallel("chosen", pl.Boolean()),
        scores=parallel("scores", pl.Float64()),
    )
    keys = [*_WHO, "shown"]
    heads = (
        rows.group_by(keys, maintain_order=True)
        .agg(
            pl.col("judgment_id").sort().str.join(_SEVERAL),
            n_votes=pl.len().cast(pl.Int32),
            outcomes=pl.col("outcome").unique(),
            has_chosen=pl.col("has_chosen").any(),
            **{
                name: pl.when(pl.col(name).n_unique() == 1).then(pl.col(name).first())
                for name in _SAME
            },
        )
        .with_row_index("case")
    )
    members = rows.join(heads.select("case", *keys), on=keys, how="left", maintain_order="left")
    lists = (
        members.select("case", "response_ids", "chosen", "scores")
        .explode("response_ids", "chosen", "scores")
        .group_by("case", "response_ids", maintain_order=True)
        .agg(pl.col("chosen").fill_null(value=False).all(), pl.col("scores").mean())
        .group_by("case", maintain_order=True)
        .agg("response_ids", "chosen", "scores")
    )
    merged = heads.join(lists, on="case", how="left", maintain_order="left")
    is_one_outcome = pl.col("outcomes").list.len() == 1
    only = pl.col("outcomes").list.first()
    is_chosen = pl.col("chosen").list.any()
    frame = merged.with_columns(
        outcome=pl.when(is_one_outcome & (only.ne_missing("chosen") | is_chosen))
        .then(only)
        .otherwise(pl.lit("tie")),
        chosen=pl.when("has_chosen").then("chosen"),
    )
    return Merged(
        frame.select(name for name in judgments.columns if name in frame.columns),
        frame["n_votes"],
        members["case"],
    )
