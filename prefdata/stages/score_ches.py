"""The CHES score of every pair under the model that is to be trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from prefdata.core.errors import InternalError
from prefdata.protocols import CausalParams, Context, Outside, Params, StageResult, stage
from prefdata.schema import table_schema
from prefdata.tables.identity import hash_messages
from prefdata.tables.messages import with_system

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ScoreChes", "score_ches"]

_SCORED = ("ok", "truncated", "identical_responses", "empty_chosen", "empty_rejected")


class ScoreChes(Params):
    """Parameters of `score-ches`."""

    model: CausalParams = Field(
        description="The model that is to be trained: a folder or an id on the hub, or its "
        "parameters."
    )
    pairs: str = Field(default="make-pairs", description="The step whose pairs are scored.")

    def outside(self) -> Outside:
        """Name the model, and the step whose pairs are read."""
        return Outside(models=(self.model,), steps=(self.pairs,))


@stage(
    version=1,
    reads=("pairs", "prompts", "responses"),
    writes=("scores",),
    params=ScoreChes,
    scope="catalog",
)
def score_ches(
    tables: Mapping[str, pl.LazyFrame], params: ScoreChes, context: Context
) -> StageResult:
    """Score how much training on each pair displaces the likelihood of its chosen response.

    The score is the centered hidden embedding similarity (CHES) of the two responses under the
    model that is about to be trained, before any training; higher is worse. Use `ln_ches`, whose
    sums are divided by their length: the raw score grows with the length of the rejected
    response. Scores of two models cannot be compared, and those of a model that has been trained
    since are stale.

    Scores are rows of `displacements`, by content, committed as they come: a run that was stopped
    goes on where it was, and what is known is never computed again. Every pair gets a row in
    `scores` with a status; none is dropped or rejected. The system prompt is that of the prompt,
    as in the exports.

    The ledger counts pairs.

    References:
        Razin et al., *Unintentional Unalignment: Likelihood Displacement in Direct Preference
        Optimization* (arXiv 2410.08847), Definitions 2 and 3, Section 6.
    """
    if context.scorer is None:
        raise InternalError("The stage score-ches was given no place for scores.")
    hashes = _prompt_hashes(tables["prompts"])
    pairs = _pairs(tables, params.pairs, hashes)
    prompts = (
        tables["prompts"]
        .join(hashes.lazy(), on="prompt_id")
        .select("prompt_hash", messages=with_system())
    )
    responses = tables["responses"].select(
        pl.col("content_hash").alias("response_hash"), "messages"
    )
    hashed = pairs.select("prompt_hash", "chosen_hash", "rejected_hash")
    found = context.scorer.get(hashed, prompts, responses, model=params.model, step=context.step)
    names = table_schema("scores").column_names
    scores = pairs.join(
        found.rows,
        on=["prompt_hash", "chosen_hash", "rejected_hash"],
        how="left",
        maintain_order="left",
    ).with_columns(scorer=pl.lit(found.scorer))
    return StageResult(
        tables={"scores": scores.select(name for name in names if name != "stage")},
        rows_in=pairs.height,
        rows_out=pairs.height,
        notes=_notes(scores),
    )


def _pairs(tables: Mapping[str, pl.LazyFrame], step: str, hashes: pl.DataFrame) -> pl.DataFrame:
    """Return each pair with the digests of its three texts, sorted by its id."""
    of = tables["responses"].select("response_id", "content_hash")
    return (
        tables["pairs"]
        .filter(pl.col("stage") == step)
        .select("pair_id", "source", "prompt_id", "chosen_id", "rejected_id")
        .join(hashes.lazy(), on="prompt_id")
        .join(
            of.rename({"response_id": "chosen_id", "content_hash": "chosen_hash"}), on="chosen_id"
        )
        .join(
            of.rename({"response_id": "rejected_id", "content_hash": "rejected_hash"}),
            on="rejected_id",
        )
        .sort("source", "pair_id")
        .collect()
    )


def _prompt_hashes(prompts: pl.LazyFrame) -> pl.DataFrame:
    """Return the digest of each prompt with its system prompt: the model reads both."""
    plain = prompts.filter(pl.col("system").is_null()).select(
        "prompt_id", pl.col("content_hash").alias("prompt_hash")
    )
    told_first = (
        prompts.filter(pl.col("system").is_not_null())
        .select("prompt_id", messages=with_system())
        .collect()
    )
    hashed = told_first.select("prompt_id", prompt_hash=hash_messages(told_first["messages"]))
    return pl.concat([plain.collect(), hashed])


def _notes(scores: pl.DataFrame) -> tuple[str, ...]:
    """Tell what became of the pairs that are not simply scored."""
    counts = dict(sorted(scores["status"].value_counts().iter_rows()))
    n_scored = sum(n for status, n in counts.items() if status in _SCORED)
    odd = ", ".join(f"{status} {n:,}" for status, n in counts.items() if status != "ok")
    notes = [f"{n_scored:,} of {scores.height:,} pairs have a score" + (f" ({odd})" if odd else "")]
    told = scores.filter(pl.col("status").is_in(_SCORED) & pl.col("detail").is_not_null())
    if told.height:
        first = told["detail"][0]
        notes.append(f"{told.height:,} scored pairs have a remark in `detail`, such as: {first}")
    return tuple(notes)
