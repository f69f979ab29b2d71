"""One principle for all that say the same, or the opposite of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from pydantic import Field, field_validator

from prefdata.constitution.ballots import FAILED, read_principles
from prefdata.constitution.merging.merge import Merged, Rules, merge
from prefdata.constitution.merging.pilot import Pilot, no_pilot, read_pilot
from prefdata.constitution.merging.rows import Rows, distinct_principles, merged_rows
from prefdata.constitution.merging.wording import bare
from prefdata.core.errors import InternalError
from prefdata.protocols import Context, EmbedderParams, Outside, Params, StageResult, stage
from prefdata.schema import conform, empty_frame, table_schema
from prefdata.tables.bundle import REJECT_COLUMNS
from prefdata.tables.identity import hash_texts
from prefdata.texts.normal import is_blank
from prefdata.vectors.models import LEXICAL, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["MergePrinciples", "merge_principles"]

_WRITES = ("principles", "principle_members")


class Nearness(NamedTuple):
    """What counts as near."""

    candidate_cosine: float
    themes: float


# For all-MiniLM-L6-v2: synonyms have a mean cosine of 0.56, antonyms of 0.70, others of 0.23.
_SENTENCES = Nearness(0.6, 0.6)
# Only what words have in common counts: of pairs of synonyms, 4 in 10 reach 0.15, and 2 in 100 of
# others; none reaches 0.6.
_WORDS = Nearness(0.15, 0.9)


class MergePrinciples(Params):
    """Parameters of `merge-principles`."""

    steps: tuple[str, ...] = Field(
        default=("propose-principles",),
        min_length=1,
        description="The steps whose principles are merged.",
    )
    votes: str | None = Field(
        default="pilot-votes",
        description="The step that voted on them for a few comparisons. Null: only what has the "
        "same words is merged.",
    )
    pairs: tuple[str, ...] = Field(
        default=("make-pairs",),
        min_length=1,
        description="The steps whose pairs are labels, by which the strongest of several that say "
        "the same stands for them.",
    )
    reference: str | None = Field(
        default="factors",
        description="The step of factors among which the nearest to each principle is looked for; "
        "null for none.",
    )
    embedder: EmbedderParams = Field(
        default_factory=EmbedderParams,
        description="The embedder that finds sentences that may be the same: a name (`lexical`, an "
        "id on the hub, a folder), or its parameters.",
    )
    candidate_cosine: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Least cosine of two sentences, without their common opening, whose votes are "
        "compared; by default 0.6, and 0.15 with `lexical`, where only common words count.",
    )
    neighbours: int = Field(
        default=20, ge=1, description="Nearest sentences that are looked at for each."
    )
    same_at: float = Field(
        default=0.8, gt=0, le=1, description="Least cosine of the votes of what is the same."
    )
    opposite_at: float = Field(
        default=-0.8, ge=-1, lt=0, description="Greatest cosine of the votes of opposites."
    )
    min_compared: int = Field(
        default=10,
        ge=1,
        description="Comparisons where the vote of either is decisive, below which two principles "
        "stay apart.",
    )
    twins_at: float = Field(
        default=0.95,
        gt=0,
        le=1,
        description="Two principles whose votes have a cosine of this size, over three times "
        "`min_compared` comparisons, are one whatever their words.",
    )
    max_principles: int = Field(
        default=40,
        ge=1,
        description="Most principles that stay: first those that the user gave, then the strongest "
        "in the pilot, then those proposed most often.",
    )
    themes: float | None = Field(
        default=None,
        ge=0,
        le=2,
        description="Mean cosine distance (one less the cosine) of sentences at which themes are "
        "left apart; by default 0.6, and 0.9 with `lexical`. 0: a theme each.",
    )

    @field_validator("steps", "pairs", mode="before")
    @classmethod
    def _one_alone(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @property
    def nearness(self) -> Nearness:
        """What counts as near for the embedder, where nothing else is said."""
        usual = _WORDS if resolved(self.embedder).model == LEXICAL else _SENTENCES
        return Nearness(
            usual.candidate_cosine if self.candidate_cosine is None else self.candidate_cosine,
            usual.themes if self.themes is None else self.themes,
        )

    def rules(self) -> Rules:
        """Return the thresholds."""
        return Rules(
            self.nearness.candidate_cosine,
            self.neighbours,
            self.same_at,
            self.opposite_at,
            self.min_compared,
            self.twins_at,
        )

    def outside(self) -> Outside:
        """Name the embedder, and the steps that are read."""
        steps = self.steps
        if self.votes is not None:
            reference = () if self.reference is None else (self.reference,)
            steps = (*steps, *self.pairs, self.votes, *reference)
        return Outside(models=(self.embedder,), steps=tuple(dict.fromkeys(steps)))

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Return the tables; the principles alone where there are no votes."""
        return declared if self.votes is not None else ("principles",)


@stage(
    version=1,
    reads=("principles", "votes", "pairs", "annotators", "prompts", "responses"),
    writes=_WRITES,
    params=MergePrinciples,
)
def merge_principles(
    tables: Mapping[str, pl.LazyFrame], params: MergePrinciples, context: Context
) -> StageResult:
    """Merge principles that say the same, or the opposite, and name what they are about.

    Embeddings only say which sentences may be the same: a sentence and its contrary are as near
    to each other as two that mean one thing. Whether they are is decided by how they vote on the
    comparisons of a pilot. Where their votes have a cosine of 0.8 they are the same; at -0.8 one
    is the opposite end of the other, and becomes its `opposite`. Else both stay, as they do where
    too few comparisons tell. Links are taken by strength, and none that the votes of others
    contradict, so that a chain of likenesses never joins what is not alike.

    What stands for a set is its strongest principle in the pilot; none is ever drawn by chance.
    A theme is a cluster of sentences (average linkage); it is called by the sentence in its middle,
    and has as terms the words that set it apart (log-odds with an informative prior).
    `nearest_factor` is the factor whose votes are most like those of a principle.

    Every principle has a row in `principle_members`. Those beyond `max_principles` are rejected
    (`over-the-limit`) with all that they stand for. The ledger counts principles, each id once.

    References:
        Monroe, Colaresi and Quinn (2008), *Fightin' Words*, for the terms.
    """
    principles = distinct_principles(read_principles(tables, params.steps))
    if principles.is_empty():
        steps = ", ".join(params.steps)
        return StageResult(
            {name: empty_frame(table_schema(name)) for name in _WRITES},
            rows_in=0,
            rows_out=0,
            notes=(f"nothing is merged: there are no principles of {steps}",),
        )
    texts = _texts(principles)
    vectors = _vectors(texts["text"], params, context)
    pilot = _pilot(tables, principles["principle_id"], params)
    merged = merge(texts, vectors, pilot, params.rules())
    rows = merged_rows(
        principles,
        texts,
        vectors,
        pilot,
        merged,
        max_principles=params.max_principles,
        most_distant=params.nearness.themes,
        min_compared=params.min_compared,
    )
    return StageResult(
        {
            "principles": _conformed(rows.principles, "principles", context),
            "principle_members": _conformed(rows.members, "principle_members", context),
        },
        rows_in=principles.height,
        rows_out=principles.height - rows.cut.height,
        rejects=_rejects(rows.cut, params.max_principles),
        notes=_notes(rows, merged, pilot, params),
    )


def _texts(principles: pl.DataFrame) -> pl.DataFrame:
    """Return what each principle and its opposite say, without the opening that all share."""
    both = bare(pl.concat([principles["sentence"], principles["opposite"]]))
    n = principles.height
    return principles.select(
        "principle_id", both.head(n).alias("text"), both.tail(n).alias("opposite")
    )


def _vectors(texts: pl.Series, params: MergePrinciples, context: Context) -> NDArray[np.float32]:
    """Return the vector of each text; zeros where the embedder finds nothing in it."""
    if context.vectors is None:
        raise InternalError("The stage merge-principles was given no place for vectors.")
    rows = pl.DataFrame({"text": texts, "content_hash": hash_texts(texts)})
    asked = rows.filter(~is_blank("text"))
    if asked.is_empty():
        return np.zeros((rows.height, 1), np.float32)
    found = context.vectors.get(
        asked, subject="principles", view="text", model=params.embedder, step=context.step
    )
    places = pl.DataFrame({"content_hash": found.hashes}).with_row_index("place")
    at = rows.join(places, on="content_hash", how="left", maintain_order="left")["place"]
    padded = np.vstack([found.matrix, np.zeros((1, found.matrix.shape[1]), np.float32)])
    rows_of: NDArray[np.float32] = padded[at.fill_null(len(padded) - 1).to_numpy()]
    return rows_of


def _pilot(tables: Mapping[str, pl.LazyFrame], ids: pl.Series, params: MergePrinciples) -> Pilot:
    if params.votes is None:
        return no_pilot(ids.len())
    return read_pilot(
        tables, ids, pairs=params.pairs, votes=params.votes, reference=params.reference
    )


def _conformed(rows: pl.DataFrame, table: str, context: Context) -> pl.DataFrame:
    """Return rows of a table; the runner names source and step again."""
    named = rows.with_columns(source=pl.lit(context.source), stage=pl.lit(context.step))
    return conform(named, table_schema(table))


def _rejects(cut: pl.DataFrame, limit: int) -> pl.DataFrame:
    reason = f"It, or what stands for it, is not among the first {limit:,} principles."
    known = {
        "subject": pl.lit("principles"),
        "id": pl.col("principle_id"),
        "field": pl.lit("sentence"),
        "rule": pl.lit("over-the-limit"),
        "reason": pl.lit(reason),
        "raw": pl.col("sentence"),
    }
    return cut.select(
        known.get(name, pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in REJECT_COLUMNS.items()
    )


def _notes(rows: Rows, merged: Merged, pilot: Pilot, params: MergePrinciples) -> tuple[str, ...]:
    """Say how many were merged, and what could not be decided."""
    counts = dict(rows.members["relation"].value_counts().iter_rows())
    n_same, n_turned = counts.get("same", 0), counts.get("opposite", 0)
    told = (
        f"{rows.members.height:,} principles are {counts['representative']:,}, because {n_same:,} "
        f"say the same as another and {n_turned:,} the opposite of one"
    )
    notes = [told]
    if params.votes is None or not (pilot.votes != FAILED).any():
        lack = "no step of votes" if params.votes is None else f"no votes of {params.votes}"
        notes.append(f"WARNING: there is {lack}, so only principles in the same words are merged")
    elif merged.n_unsure:
        notes.append(
            f"{merged.n_unsure:,} pairs of principles alike in words stay apart: fewer than "
            f"{params.min_compared} comparisons tell how they vote"
        )
    if resolved(params.embedder).model == LEXICAL:
        notes.append(
            "the embedder `lexical` goes by words: principles that say the same in other words "
            "are not compared, and both stay"
        )
    if merged.n_kept_apart:
        notes.append(
            f"{merged.n_kept_apart:,} pairs with like votes stay apart, because the votes of "
            "others in their sets contradict that"
        )
    return tuple(notes)
