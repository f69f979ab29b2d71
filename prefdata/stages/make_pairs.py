"""Training pairs from judgments, by a named rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import polars as pl
from pydantic import Field, field_validator, model_validator

from prefdata.protocols import Context, Outside, Params, StageResult, always, stage
from prefdata.stages._make_pairs.cases import Cases, cases_of, mean_cases_of
from prefdata.stages._make_pairs.compare import compare
from prefdata.stages._make_pairs.majority import Words, majority
from prefdata.stages._make_pairs.orders import merge_orders
from prefdata.stages._make_pairs.rows import pair_rows, reject_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MakePairs", "make_pairs"]

_ASPECTS = ("helpfulness", "honesty", "instruction_following", "truthfulness")
_OTHER = "aspect "
_JUDGMENTS = (
    "judgment_id",
    "prompt_id",
    "annotator_id",
    "aspect",
    "protocol",
    "outcome",
    "response_ids",
    "chosen",
    "scores",
    "scale_min",
    "scale_max",
    "strength",
    "file",
    "row",
)


class MakePairs(Params):
    """Parameters of `make-pairs`."""

    rule: Literal["auto", "pairs", "choice", "ratings", "labels"] = Field(
        default="auto",
        description="How a judgment becomes pairs. `choice`: the chosen response over each other "
        "one shown. `ratings`: of two, the one with the higher score. `pairs`: pairwise judgments "
        "as given. `labels`: the same, for data whose pairwise answers are labels. `auto`: "
        "`pairs` for pairwise, `choice` for best of k, `ratings` for ratings, nothing for Likert.",
    )
    aspect: str | list[str] | None = Field(
        default=None,
        description="Aspects whose judgments are read; all when null or `all`. With "
        "`mean-aspects`, the aspects whose mean is taken.",
    )
    tie_band: float = Field(
        default=0.0,
        ge=0,
        description="Two scores that differ by no more than this are equal. PRISM's authors use 5.",
    )
    ratings_from: Literal["scores", "mean-aspects"] = Field(
        default="scores",
        description="What `ratings` compares: the scores of each judgment, or for each response "
        "the mean of what one annotator gave it for several aspects.",
    )
    aggregate: Literal["annotator", "majority"] = Field(
        default="annotator",
        description="`annotator`: each judgment makes its own pairs. `majority`: judgments of "
        "equal prompts and equal candidates, by their words, are votes; of two candidates the one "
        "with more votes wins.",
    )
    several_chosen: Literal["each-over-unchosen", "skip"] = Field(
        default="each-over-unchosen",
        description="What to do where several responses are chosen.",
    )
    tie: Literal["skip", "both-orders"] = Field(
        default="skip",
        description="`both-orders` makes two pairs with margin 0 of two responses judged equal.",
    )
    both_bad: Literal["skip", "as-tie"] = Field(
        default="skip",
        description="Whether finding all responses bad is an answer of its own, or a tie.",
    )
    identical: Literal["skip", "keep"] = Field(
        default="skip", description="Whether to make pairs of two responses with the same words."
    )
    empty: Literal["skip", "keep"] = Field(
        default="keep",
        description="Whether to make pairs with a response that has no text. They are kept by "
        "default, because `flag-quality` flags them and `select-pairs` then says why they are out.",
    )
    judgments: str | None = Field(
        default=None,
        description="The step whose judgments are read, such as `judge`; those of the source when "
        "null. What one judge says of two responses in both orders is one judgment: a choice where "
        "both agree, else a tie.",
    )

    def outside(self) -> Outside:
        """Name the step whose judgments are read."""
        return Outside(steps=() if self.judgments is None else (self.judgments,))

    @field_validator("aspect", mode="before")
    @classmethod
    def _all_by_word(cls, value: Any) -> Any:
        # An input of a recipe that is null has no default.
        return None if value == "all" else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse parameters that contradict each other."""
        if self.ratings_from == "mean-aspects" and self.rule not in {"auto", "ratings"}:
            message = "ratings_from: mean-aspects needs rule: ratings (or auto)"
            raise ValueError(message)
        if self.aggregate == "majority" and self.tie == "both-orders":
            message = "tie: both-orders is for aggregate: annotator; a tied vote has no order"
            raise ValueError(message)
        return self


def _tell(counts: Mapping[str, int], params: MakePairs) -> tuple[str, ...]:
    """Tell which aspects there are, where none is the one that was asked for."""
    if params.aspect is None or counts.get("judgments"):
        return ()
    known = sorted(name.removeprefix(_OTHER) for name in counts if name.startswith(_OTHER))
    if not known:
        return ()
    asked = params.aspect if isinstance(params.aspect, str) else ", ".join(params.aspect)
    return (f"WARNING: no judgment is for the aspect {asked}; there are: {', '.join(known)}",)


@stage(
    version=1,
    reads=("judgments", "responses", "prompts"),
    writes=("pairs",),
    params=MakePairs,
    is_parted=always,
    tell=_tell,
)
def make_pairs(
    tables: Mapping[str, pl.LazyFrame], params: MakePairs, context: Context
) -> StageResult:
    """Derive pairs from judgments by a named rule; say why a judgment yields none.

    Margins are score differences in `points of <min>-<max>`, where both responses have a score
    and the chosen one is not below the other; with `majority`, the difference of the shares of
    votes. Plain choices have none. `n_votes` counts the judgments behind a pair: with `majority`
    all that saw the same candidates and answered, ties included; each judgment is one vote.

    Pairs come in the order of the judgments, and within one in the order of its responses. With
    `majority` a pair carries the ids of the prompt that comes first by name.

    Of the judgments of a step, pairwise verdicts of one annotator on the same two responses are
    merged first: all for one response is a choice, anything else a tie; the scores are means over
    both orders, so `rule: ratings` compares the mean probabilities of a judge. `n_votes` then
    counts the verdicts behind a pair, 1 where the other order could not be read; with `majority`
    each annotator is one vote.

    The ledger counts judgments of the aspects asked for. One that yields no pair is rejected
    under one of these rules: `not-comparable`, `one-response`, `tie`, `both-bad`, `not-given`,
    `several-chosen`, `missing-score`, `within-tie-band`, `identical-responses`, `empty-response`.
    """
    judgments = _judgments(tables["judgments"], params)
    cases = _cases(judgments, params)
    responses = tables["responses"]
    compared = compare(
        cases,
        tie_band=params.tie_band,
        has_tied_pairs=params.tie == "both-orders",
        twins=_twins(responses) if params.identical == "skip" else None,
        empty=_empty(responses) if params.empty == "skip" else None,
    )
    if params.aggregate == "majority":
        compared = majority(cases, compared, _words(tables, cases))
    rejects = reject_rows(judgments, cases, compared)
    return StageResult(
        tables={"pairs": pair_rows(cases, compared)},
        rows_in=judgments.height,
        rows_out=judgments.height - rejects.height,
        rejects=rejects,
        counts={"judgments": judgments.height}
        if judgments.height
        else _other_aspects(tables["judgments"], params),
    )


def _other_aspects(judgments: pl.LazyFrame, params: MakePairs) -> dict[str, int]:
    """Count the judgments by aspect, where none is for the one that was asked for."""
    if params.aspect is None:
        return {}
    found = judgments.filter(_is_read(params)).group_by("aspect").len().collect()
    return {f"{_OTHER}{aspect}": n for aspect, n in found.iter_rows()}


def _is_read(params: MakePairs) -> pl.Expr:
    return pl.col("stage").eq_missing(pl.lit(params.judgments, pl.String))


def _cases(judgments: pl.DataFrame, params: MakePairs) -> Cases:
    if params.ratings_from == "mean-aspects":
        return mean_cases_of(judgments)
    merged = None if params.judgments is None else merge_orders(judgments)
    cases = cases_of(
        judgments if merged is None else merged.judgments,
        rule=params.rule,
        is_several_skipped=params.several_chosen == "skip",
        has_tied_pairs=params.tie == "both-orders",
        is_bad_a_tie=params.both_bad == "as-tie",
    )
    return cases if merged is None else merged.applied(cases)


def _judgments(judgments: pl.LazyFrame, params: MakePairs) -> pl.DataFrame:
    rows = judgments.filter(_is_read(params)).select(_JUDGMENTS)
    aspects = [params.aspect] if isinstance(params.aspect, str) else params.aspect
    if params.ratings_from == "mean-aspects":
        aspects = aspects or list(_ASPECTS)
    if aspects is not None:
        rows = rows.filter(pl.col("aspect").is_in(aspects))
    return rows.collect()


def _twins(responses: pl.LazyFrame) -> pl.DataFrame:
    """Return id and words of the responses whose words another candidate of the prompt has."""
    words = ("prompt_id", "content_hash")
    # Words that come twice in the source are few; only those can come twice in a prompt.
    return (
        responses.select("response_id", *words)
        .filter(pl.col("content_hash").is_duplicated())
        .filter(pl.struct(words).is_duplicated())
        .select("response_id", "content_hash")
        .collect()
    )


def _empty(responses: pl.LazyFrame) -> pl.Series:
    """Return the ids of responses without text; only then is the text read."""
    is_empty = ~pl.col("text").str.contains(r"\S")
    return responses.filter(is_empty).select("response_id").collect().to_series()


def _words(tables: Mapping[str, pl.LazyFrame], cases: Cases) -> Words:
    """Return the digests of the words of prompts and candidates, for pooling votes."""
    prompts = tables["prompts"].select("prompt_id", "content_hash").collect()
    responses = tables["responses"].select("response_id", "content_hash").collect()
    return Words.of(cases, prompts, responses)
