"""A constitution at work: it judges comparisons, and flags pairs that it speaks against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import Field, field_validator

from prefdata.constitution.applied import Said, say
from prefdata.constitution.ballots import read_principles
from prefdata.constitution.document import read_document
from prefdata.constitution.labels import read_comparisons
from prefdata.constitution.model import Constitution, constitution_of, placed
from prefdata.protocols import Context, Outside, Params, StageResult, stage
from prefdata.stages._apply_constitution.rows import (
    FLAG,
    annotator_rows,
    flag_rows,
    judgment_rows,
    reject_rows,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ApplyConstitution", "apply_constitution"]


class ApplyConstitution(Params):
    """Parameters of `apply-constitution`."""

    constitution: str = Field(
        default="constitution", description="The step whose constitution is applied."
    )
    group_by: str = Field(
        default="all", description="What makes the group whose constitution is applied."
    )
    group_value: str = Field(default="all", description="Which group, such as a country.")
    file: str | None = Field(
        default=None,
        description="A constitution as YAML, instead of a step's: as the report `constitution` "
        "writes it, or a list of sentences, which then count alike.",
    )
    votes: tuple[str, ...] = Field(
        default=("factors",),
        min_length=1,
        description="The steps that voted on its principles. Of a principle that several voted on, "
        "the votes of the first count.",
    )
    pairs: tuple[str, ...] = Field(
        default=("make-pairs",),
        min_length=1,
        description="The steps whose pairs are judged; who preferred what has no say.",
    )
    margin: float = Field(
        default=0.0,
        ge=0,
        description="Smallest score, in log-odds, with which a response is chosen; a tie below.",
    )
    flag_at: float = Field(
        default=0.8,
        gt=0.5,
        le=1,
        description="Pairs are flagged if the probability of the rejected response is at least "
        "this.",
    )
    each: bool = Field(
        default=False, description="Also let each principle judge alone, as a further annotator."
    )

    @field_validator("votes", "pairs", mode="before")
    @classmethod
    def _one_alone(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("file", mode="before")
    @classmethod
    def _none_by_word(cls, value: Any) -> Any:
        return None if value == "none" else value

    def outside(self) -> Outside:
        """Name the steps that are read, and the file of the constitution."""
        steps = (*self.votes, *self.pairs)
        if self.file is None:
            return Outside(steps=(self.constitution, *steps))
        return Outside(files=(self.file,), steps=steps)


@stage(
    version=1,
    reads=("pairs", "prompts", "constitutions", "principles", "votes"),
    writes=("judgments", "annotators", "flags"),
    params=ApplyConstitution,
)
def apply_constitution(
    tables: Mapping[str, pl.LazyFrame], params: ApplyConstitution, context: Context
) -> StageResult:
    """Judge comparisons by a constitution, as an annotator of the kind `rule`.

    Each principle adds its weight to the response that it votes for; the sum is the log-odds that
    a is preferred. `scores` holds the probabilities of both responses. The annotator is
    ``<source>:<step>/constitution@<digest>``, and with `each` there is one more for each
    principle, ``<source>:<step>/<name or principle>``. A `make-pairs` with ``judgments:
    apply-constitution`` makes pairs of what they say.

    Pairs whose rejected response the constitution prefers with a probability of `flag_at` or more
    carry the flag ``violates-constitution`` with that probability; the reason names the principle
    that weighs most. They stay, unless `select-pairs` has the flag among those that exclude. The
    two pairs of a tie are never flagged.

    The ledger counts comparisons. One is rejected as `missing-vote` where a step did not vote on
    it, and as `failed-vote` where the vote of a principle could not be had; neither is a tie. Where
    nothing holds, nothing is written.

    Raises:
        DataError: If nobody voted on a principle of the constitution.
        UserError: If the file is no constitution.
    """
    comparisons = read_comparisons(tables, params.pairs)
    judge = _constitution(tables, params, context)
    if judge.principles.is_empty() or comparisons.is_empty():
        nothing = _why_nothing(params, is_empty=judge.principles.is_empty())
        return StageResult({}, comparisons.height, comparisons.height, notes=(nothing,))
    places = placed(judge, read_principles(tables, params.votes))
    said = say(comparisons, places, tables, margin=params.margin)
    annotators = annotator_rows(judge, context, margin=params.margin, each=params.each)
    rejects = reject_rows(said, places)
    pairs = tables["pairs"].filter(pl.col("stage").is_in(list(params.pairs))).collect()
    flags, n_agree, n_against = flag_rows(pairs, said, places, flag_at=params.flag_at)
    return StageResult(
        {
            "judgments": judgment_rows(said, annotators, each=params.each),
            "annotators": annotators,
            "flags": flags,
        },
        rows_in=comparisons.height,
        rows_out=comparisons.height - rejects.height,
        rejects=rejects,
        notes=_notes(said, params, judge, (n_agree, n_against, flags.height)),
    )


def _constitution(
    tables: Mapping[str, pl.LazyFrame], params: ApplyConstitution, context: Context
) -> Constitution:
    if params.file is not None:
        return constitution_of(read_document(context.files[params.file]))
    wanted = {
        "stage": params.constitution,
        "group_by": params.group_by,
        "group_value": params.group_value,
    }
    is_wanted = pl.all_horizontal(pl.col(name) == value for name, value in wanted.items())
    return constitution_of(tables["constitutions"].filter(is_wanted).collect())


def _why_nothing(params: ApplyConstitution, *, is_empty: bool) -> str:
    if not is_empty:
        return f"there are no comparisons of {', '.join(params.pairs)} to judge"
    group = "" if params.group_by == "all" else f" for {params.group_by} {params.group_value}"
    what = params.file or f"the step {params.constitution}"
    return f"{what} has no constitution{group}: nothing holds, so nothing is judged"


def _notes(
    said: Said, params: ApplyConstitution, judge: Constitution, counts: tuple[int, int, int]
) -> tuple[str, ...]:
    n_agree, n_against, n_flagged = counts
    sides = said.comparisons["side"]
    n_ties = int((sides == 0).sum())
    n_judged = sides.len() - sides.null_count()
    size = judge.principles.height
    judging = "1 principle judges" if size == 1 else f"{size} principles judge"
    told = [f"{judging} {n_judged:,} comparisons, {n_ties:,} of them as ties"]
    if n_agree + n_against:
        share = n_agree / (n_agree + n_against)
        told.append(
            f"they choose the chosen response of {share:.3f} of {n_agree + n_against:,} pairs on "
            f"which they choose; labels that the constitution was made of are among them"
        )
    if n_flagged:
        told.append(
            f"{n_flagged:,} pairs are flagged {FLAG!r}, at {params.flag_at:g} for the rejected "
            f"response; to leave them out: also_exclude: [{FLAG}]"
        )
    else:
        told.append(f"no pair is flagged: no rejected response reaches {params.flag_at:g}")
    return tuple(told)
