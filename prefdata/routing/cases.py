"""The comparisons of a source that can be routed, with what is known of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from prefdata.core.errors import UserError
from prefdata.routing.arms import words
from prefdata.routing.votes import Votes, read_votes
from prefdata.tables.bundle import REJECT_COLUMNS, no_rejects
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Cases", "Protocol", "Reading", "read_cases"]

Protocol = Literal["pairwise", "rating"]

_NO_AI = "no-ai-label"
_NO_FEATURES = "no-features"
_EXPERT = "expert"
_NOTHING_TO_KEEP = "no comparison has a label of an AI to keep or replace"
_RUN_A_JUDGE = "run `judge`, then make-pairs with `judgments: judge`, and name that step in `votes`"


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read: the steps, the aspect, the protocol."""

    votes: Sequence[str]
    imported: Sequence[str]
    features: str
    aspect: str
    protocol: Protocol | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Cases:
    """Comparisons with a label of the AI, and votes of people; no columns where nobody voted."""

    rows: pl.DataFrame
    """Sorted by id: the columns of `prefdata.tables.comparisons.COMPARISON`; ``ai_label``,
    ``confidence``, ``is_tie``, ``dissent`` of the votes of the AI; ``n_human`` and, of these,
    ``n_native`` that no plan asked for; ``words``; ``language``; ``tags``."""
    votes: pl.DataFrame
    """Votes of people: ``comparison_id``, ``label``, ``is_expert``, ``is_imported``; those of one
    comparison in an order that says nothing."""
    rejects: pl.DataFrame
    n_read: int
    """Comparisons that were read, rejects among them."""
    why: str = ""
    """Why there is nothing to plan, and what to do about it, where that is so."""


def read_cases(tables: Mapping[str, pl.LazyFrame], what: Reading) -> Cases:
    """Read comparisons with their votes, features and lengths.

    Comparisons without a label of the AI (`no-ai-label`) or without features (`no-features`) are
    rejected.

    Args:
        tables: pairs, annotators, prompts, responses and comparison_features.
        what: The steps, the aspect, the protocol.

    Raises:
        UserError: If there are votes of two protocols and none is named; if annotators are
            unknown; if there are no features.
    """
    read = read_votes(tables, what.votes)
    if read.comparisons.is_empty():
        return Cases(pl.DataFrame(), pl.DataFrame(), no_rejects(), 0)
    aspects = sorted(read.comparisons["aspect"].unique())
    if what.aspect not in aspects:
        why = f"no vote is for the aspect {what.aspect}; name one of these: {', '.join(aspects)}"
        return Cases(pl.DataFrame(), pl.DataFrame(), no_rejects(), 0, why)
    read = _of_protocol(_of_aspect(read, what.aspect), what.protocol)
    _refuse_unknown(read.votes)
    rows = (
        read.comparisons.join(_of_ai(read.of(is_ai=True)), on="comparison_id", how="left")
        .join(_features(tables, what), on="comparison_id", how="left")
        .with_columns(prompt_hash=pl.coalesce("prompt_hash", "prompt_id"))
    )
    has_ai, has_features = pl.col("ai_label").is_not_null(), pl.col("tags").is_not_null()
    _refuse_unfeatured(rows, what)
    rejects = [
        _reject(rows.filter(~has_ai), _NO_AI, "No AI has judged it, so there is nothing to keep."),
        _reject(
            rows.filter(has_ai & ~has_features),
            _NO_FEATURES,
            f"The step {what.features} wrote no features of it.",
        ),
    ]
    kept = rows.filter(has_ai & has_features)
    votes = _of_people(read.of(is_ai=False), what).join(kept, on="comparison_id", how="semi")
    counts = votes.group_by("comparison_id").agg(
        n_human=pl.len().cast(pl.Int32), n_native=(~pl.col("is_imported")).sum().cast(pl.Int32)
    )
    kept = kept.join(counts, on="comparison_id", how="left").with_columns(
        pl.col("n_human", "n_native").fill_null(0)
    )
    kept = kept.join(_lengths(tables, kept), on="comparison_id", how="left")
    why = "" if rows["ai_label"].count() else f"{_NOTHING_TO_KEEP}: {_RUN_A_JUDGE}"
    return Cases(kept.sort("comparison_id"), votes, pl.concat(rejects), rows.height, why)


def _of_aspect(read: Votes, aspect: str) -> Votes:
    comparisons = read.comparisons.filter(aspect=aspect)
    votes = read.votes.join(comparisons, on="comparison_id", how="semi")
    return Votes(comparisons, votes)


def _of_protocol(read: Votes, protocol: Protocol | None) -> Votes:
    """Keep votes of one protocol: what is asked in two ways is answered in two ways."""
    found = sorted(read.votes["protocol"].unique())
    if protocol is None and len(found) > 1:
        counts = dict(sorted(read.votes["protocol"].value_counts().iter_rows()))
        told = ", ".join(f"{n:,} {name}" for name, n in counts.items())
        raise UserError(
            f"The votes are of two protocols, which disagree too often to be mixed: {told}.",
            where="protocol",
            fix="Name one, as in `protocol: pairwise`; the votes of the other are left out.",
        )
    if protocol is None:
        return read
    votes = read.votes.filter(protocol=protocol)
    return Votes(read.comparisons.join(votes, on="comparison_id", how="semi"), votes)


def _refuse_unknown(votes: pl.DataFrame) -> None:
    unknown = votes.filter(pl.col("kind").is_null())
    if unknown.height:
        raise UserError(
            f"{unknown.height:,} votes are of annotators that nobody named, such as "
            f"{unknown['annotator_id'].sort()[0]}: it is not known whether they are people.",
            where="judgments",
            fix="Name the steps that wrote their judgments, such as `judgments: [judge]`.",
        )


def _refuse_unfeatured(rows: pl.DataFrame, what: Reading) -> None:
    if rows["tags"].null_count() == rows.height:
        raise UserError(
            f"The step {what.features} wrote features of none of the comparisons.",
            where="features",
            fix="Run `route-features` on the same votes before, or name the step that wrote them.",
        )


def _of_ai(votes: pl.DataFrame) -> pl.DataFrame:
    """Return the label of the AI on each comparison, and how sure it is; the mean of several.

    Margins of one annotator in one unit are shares of the greatest of them.
    """
    most = pl.col("margin").max().over("annotator_id", "margin_unit")
    share = pl.when(most > 0).then(pl.col("margin") / most)
    side = (pl.col("label") - 0.5).sign()
    return (
        votes.with_columns(share=share, side=side)
        .sort("comparison_id", "annotator_id")
        .group_by("comparison_id", maintain_order=True)
        .agg(
            ai_label=pl.col("label").mean(),
            confidence=pl.col("share").mean(),
            is_tie=(pl.col("side") == 0).mean(),
            dissent=pl.when(pl.len() > 1).then(1 - pl.col("side").mean().abs()),
        )
    )


def _of_people(votes: pl.DataFrame, what: Reading) -> pl.DataFrame:
    """Return the votes of people in an order by digests."""
    salted = votes.with_columns(seed=pl.lit(str(what.seed)))
    spots = votes.with_columns(spot=hash_tuple(salted, "seed", "comparison_id", "annotator_id"))
    return spots.sort("comparison_id", "spot").select(
        "comparison_id",
        "label",
        is_expert=pl.col("pool").eq_missing(_EXPERT),
        is_imported=pl.col("step").is_in(list(what.imported)),
    )


def _features(tables: Mapping[str, pl.LazyFrame], what: Reading) -> pl.DataFrame:
    return (
        tables["comparison_features"]
        .filter(pl.col("stage") == what.features)
        .select("comparison_id", "tags")
        .collect()
    )


def _lengths(tables: Mapping[str, pl.LazyFrame], rows: pl.DataFrame) -> pl.DataFrame:
    """Return the words that a judge reads, and the language of the prompt."""
    said = pl.col("messages").list.eval(pl.element().struct.field("content")).list.join("\n")
    prompts = (
        tables["prompts"]
        .join(rows.lazy().select("prompt_id").unique(), on="prompt_id", how="semi")
        .select("prompt_id", "language", prompt_words=words(said))
    )
    sides = pl.concat([rows["response_a_id"], rows["response_b_id"]]).unique()
    responses = (
        tables["responses"]
        .filter(pl.col("response_id").is_in(sides.implode()))
        .select("response_id", response_words=words(pl.col("text")))
    )
    found = (
        rows.lazy()
        .select("comparison_id", "prompt_id", "response_a_id", "response_b_id")
        .join(prompts, on="prompt_id", how="left")
    )
    counts = [pl.col("prompt_words")]
    for side in ("a", "b"):
        key = f"response_{side}_id"
        one = responses.rename({"response_id": key, "response_words": f"words_{side}"})
        found = found.join(one, on=key, how="left")
        counts.append(pl.col(f"words_{side}"))
    return found.select("comparison_id", "language", words=pl.sum_horizontal(counts)).collect()


def _reject(rows: pl.DataFrame, rule: str, reason: str) -> pl.DataFrame:
    known = {
        "subject": pl.lit("comparisons"),
        "id": pl.col("comparison_id"),
        "rule": pl.lit(rule),
        "reason": pl.lit(reason),
    }
    return rows.sort("comparison_id").select(
        known.get(name, pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in REJECT_COLUMNS.items()
    )
