"""Which comparisons decide what is true, which teach, and which are routed.

The evaluation and seed sets must be random samples, or nothing that is measured on them holds for
the rest. So they are chosen by digests of the seed, the prompt and the comparison, among those
that the source's people judged; what people judged because a plan asked them is no random sample.
It teaches routers, and is never used to judge them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from prefdata.tables.identity import hash_tuple

__all__ = ["EVALUATION_VOTES", "Pool", "Roles", "assign_roles", "by_digest"]

Pool = Literal["unlabelled", "all"]
"""What is routed: what no person has judged, or also what people have, their votes being hidden."""

_HAS_NATIVE = pl.col("n_native") > 0
EVALUATION_VOTES = 3
"""Judgments of people that decide what is true."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The parts of a plan."""

    rows: pl.DataFrame
    """The comparisons in an order that says nothing, with ``part``: ``evaluation``, ``seed``,
    ``routed`` (people judged it because a plan said so: it teaches), ``pool``, or ``done`` (people
    judged it, and it is in no set)."""
    is_ready: bool
    """Whether there are enough votes to fit and to judge a router. Where not, the parts
    ``evaluation`` and ``seed`` hold what is to be judged first."""
    n_evaluation: int
    """Comparisons of the evaluation set that have all their votes."""
    n_seed: int
    """Comparisons of the seed set that have their vote."""


def by_digest(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Sort comparisons by digests of the seed, the prompt's words and the id, prompt by prompt.

    Args:
        rows: With ``prompt_hash`` and ``comparison_id``.
        seed: Another one is another order.
    """
    salted = rows.with_columns(seed=pl.lit(str(seed)))
    spots = rows.with_columns(
        prompt_spot=hash_tuple(salted, "seed", "prompt_hash"),
        spot=hash_tuple(salted, "seed", "comparison_id"),
    )
    return spots.sort("prompt_spot", "spot").drop("prompt_spot", "spot")


def assign_roles(
    rows: pl.DataFrame,
    *,
    seed: int,
    n_evaluation: int,
    n_seed: int | None,
    min_evaluation: int,
    min_seed: int,
    pool: Pool = "unlabelled",
) -> Roles:
    """Give each comparison its part.

    The evaluation set is the first ``n_evaluation`` comparisons, by digest, that three of the
    source's people judged; the seed set the first ``n_seed`` others of other prompts that one of
    them judged. Where that is fewer than the least that will do, the next comparisons by digest are
    to be judged, and count once they are; which these are does not change as votes come in.

    Args:
        rows: With ``comparison_id``, ``prompt_hash``, ``n_native`` (votes of the source's people)
            and ``n_human`` (those and votes that a plan asked for), all with a label of the AI.
        seed: Of the order.
        n_evaluation: Size of the evaluation set.
        n_seed: Size of the seed set; when None all that the source's people judged, and where
            these are too few, as many as the evaluation set has.
        min_evaluation: Fewer with all their votes cannot judge a router.
        min_seed: Fewer cannot teach one.
        pool: What is routed.
    """
    ordered = by_digest(rows, seed).with_row_index("place")
    true = pl.col("n_native") >= EVALUATION_VOTES
    chosen = _first(ordered, true, n_evaluation, enough=min_evaluation)
    ordered = ordered.with_columns(is_evaluation=pl.col("place").is_in(chosen.implode()))
    # No prompt is on both sides.
    is_foreign = ~pl.col("is_evaluation").any().over("prompt_hash")
    others = ordered.filter(is_foreign)
    size = n_seed if n_seed is not None else max(others.filter(_HAS_NATIVE).height, n_evaluation)
    taught = _first(others, _HAS_NATIVE, size, enough=min_seed)
    ordered = ordered.with_columns(
        is_seed=pl.col("place").is_in(taught.implode()), is_foreign=is_foreign
    )
    has_truth = pl.col("is_evaluation") & (pl.col("n_human") >= EVALUATION_VOTES)
    has_vote = pl.col("is_seed") & (pl.col("n_human") > 0)
    counts = ordered.select(has_truth.sum().alias("e"), has_vote.sum().alias("s")).row(0)
    is_ready = counts[0] >= min_evaluation and counts[1] >= min_seed
    part = _ready_part(has_truth, has_vote, pool) if is_ready else _first_part()
    return Roles(
        ordered.with_columns(part=part).drop("place", "is_evaluation", "is_seed", "is_foreign"),
        is_ready,
        *counts,
    )


def _first(ordered: pl.DataFrame, is_native: pl.Expr, n: int, *, enough: int) -> pl.Series:
    """Return the first n places that the source's people judged; if too few, then others too."""
    native = ordered.filter(is_native)["place"].head(n)
    if native.len() >= enough:
        return native
    rest = ordered.filter(~is_native)["place"].head(n - native.len())
    return pl.concat([native, rest])


def _ready_part(has_truth: pl.Expr, has_vote: pl.Expr, pool: Pool) -> pl.Expr:
    """Return the parts where routers can be fitted."""
    is_asked = pl.col("n_human") > pl.col("n_native")
    is_labelled = pl.col("n_human") > 0
    return (
        pl.when(has_truth)
        .then(pl.lit("evaluation"))
        .when(has_vote)
        .then(pl.lit("seed"))
        .when(is_asked & pl.col("is_foreign"))
        .then(pl.lit("routed"))
        .when(is_asked | (is_labelled & pl.lit(pool == "unlabelled")))
        .then(pl.lit("done"))
        .otherwise(pl.lit("pool"))
    )


def _first_part() -> pl.Expr:
    """Return the parts where people are to be asked first."""
    return (
        pl.when("is_evaluation")
        .then(pl.lit("evaluation"))
        .when("is_seed")
        .then(pl.lit("seed"))
        .when(pl.col("n_human") > 0)
        .then(pl.lit("done"))
        .otherwise(pl.lit("pool"))
    )
