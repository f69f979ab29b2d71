"""Votes pooled over annotators who saw the same words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.stages._make_pairs.compare import Compared
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from prefdata.stages._make_pairs.cases import Cases

__all__ = ["UNIT", "Words", "majority"]

UNIT = "share of votes"
"""Unit of the margin of a pooled pair."""
_EQUAL = ("tie", "within-tie-band")


@dataclass(frozen=True, slots=True)
class Words:
    """Which cases are about the same words."""

    sets: pl.DataFrame
    """One row per case: index, prompt_id, and key: a digest of what was asked and shown."""
    candidates: pl.DataFrame
    """One row per candidate of a case: index, response_id, words."""

    @classmethod
    def of(cls, cases: Cases, prompts: pl.DataFrame, responses: pl.DataFrame) -> Words:
        """Look up the words of all cases.

        Args:
            cases: The cases.
            prompts: prompt_id and content_hash.
            responses: response_id and content_hash.
        """
        candidates = (
            cases.frame.with_row_index()
            .select("index", response_id="response_ids")
            .explode("response_id")
            .join(
                responses.rename({"content_hash": "words"}),
                on="response_id",
                how="left",
                maintain_order="left",
            )
        )
        shown = candidates.group_by("index").agg(pl.col("words").unique().sort().str.join(""))
        asked = (
            cases.frame.with_row_index()
            .select("index", "prompt_id", "rule", "aspect")
            .join(prompts, on="prompt_id", how="left", maintain_order="left")
            .join(shown, on="index", how="left", maintain_order="left")
        )
        keys = hash_tuple(asked, "rule", "aspect", "content_hash", "words").alias("key")
        return cls(asked.select("index", "prompt_id", keys), candidates)


def majority(cases: Cases, compared: Compared, words: Words) -> Compared:
    """Turn pairs of single cases into pairs of sets of cases that are about the same words.

    Of two candidates the one that more cases put over the other wins; the margin is the
    difference of both numbers over the number of cases of the set that gave an answer.

    Args:
        cases: The cases.
        compared: Their pairs and refusals.
        words: What they are about.
    """
    # A case that found its candidates equal has voted too, for neither.
    has_voted = compared.refusals.is_null() | compared.refusals.is_in(list(_EQUAL))
    voters = words.sets.filter(has_voted)
    sets = voters.group_by("key", maintain_order=True).agg(
        pl.len().alias("n_votes"), pl.col("prompt_id").min()
    )
    won = _winners(compared.pairs, voters, words)
    pairs = won.join(sets, on="key", how="left", maintain_order="left")
    named = _named(pairs, voters, words).with_columns(
        margin=pl.col("margin") / pl.col("n_votes"), margin_unit=pl.lit(UNIT)
    )
    is_settled = words.sets["key"].is_in(named["key"].unique().implode())
    refusals = pl.select(
        pl.when(~has_voted)
        .then(compared.refusals)
        .when(~is_settled)
        .then(compared.refusals.fill_null("tie"))
    ).to_series()
    columns = ("index", "chosen_id", "rejected_id", "margin", "margin_unit", "key")
    return Compared(named.select(columns), refusals, votes=named["n_votes"].cast(pl.Int32))


def _winners(pairs: pl.DataFrame, voters: pl.DataFrame, words: Words) -> pl.DataFrame:
    """Return key, first case, both words and lead of the pairs that have more votes than not."""
    named = pairs.select("index", "chosen_id", "rejected_id").join(
        voters.select("index", "key"), on="index", maintain_order="left"
    )
    by_id = words.candidates.unique(["response_id"], keep="first", maintain_order=True)
    for side in ("chosen", "rejected"):
        named = named.join(
            by_id.select(pl.col("response_id").alias(f"{side}_id"), pl.col("words").alias(side)),
            on=f"{side}_id",
            how="left",
            maintain_order="left",
        )
    votes = (
        # Identical candidates of one case are one candidate, and the case has one vote.
        named.unique(["index", "key", "chosen", "rejected"], keep="first", maintain_order=True)
        .group_by("key", "chosen", "rejected", maintain_order=True)
        .agg(pl.col("index").min(), pl.len().cast(pl.Int64).alias("for"))
    )
    against = votes.select("key", chosen="rejected", rejected="chosen", against="for")
    return (
        votes.join(against, on=["key", "chosen", "rejected"], how="left", maintain_order="left")
        .with_columns(margin=pl.col("for") - pl.col("against").fill_null(0))
        .filter(pl.col("margin") > 0)
    )


def _named(pairs: pl.DataFrame, voters: pl.DataFrame, words: Words) -> pl.DataFrame:
    """Give pooled pairs the ids of the prompt of their set that comes first by name."""
    first = (
        voters.join(pairs.select("key", "prompt_id").unique(), on=["key", "prompt_id"])
        .join(words.candidates, on="index")
        .group_by("key", "words")
        .agg(pl.col("response_id").min(), pl.col("index").min())
    )
    places = first.group_by("key").agg(pl.col("index").min().alias("place"))
    for side in ("chosen", "rejected"):
        names = first.select(
            "key", pl.col("words").alias(side), pl.col("response_id").alias(f"{side}_id")
        )
        pairs = pairs.join(names, on=["key", side], how="left", maintain_order="left")
    return (
        pairs.join(places, on="key", how="left", maintain_order="left")
        .sort("index", "chosen_id", "rejected_id", maintain_order=True)
        .drop("index")
        .rename({"place": "index"})
    )
