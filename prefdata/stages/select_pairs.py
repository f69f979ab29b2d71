"""The one place where pairs are left out, with every reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from prefdata.protocols import Context, Params, StageResult, always, stage

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXCLUDED", "SelectPairs", "select_pairs"]

EXCLUDED = (
    "empty-response",
    "empty-sentinel",
    "identical-responses",
    "empty-prompt",
    "implicit-string",
    "divergent-tail",
    "different-turn-count",
    "repeated-role",
    "last-turn-not-assistant",
    "template-debris",
    "overall-score-defect",
    "benchmark-truthful-qa",
)
"""Flags that leave a pair out unless the recipe says otherwise."""

_SUBJECTS = {
    "prompt_id": "prompts",
    "chosen_id": "responses",
    "rejected_id": "responses",
    "judgment_id": "judgments",
    "annotator_id": "annotators",
    "pair_id": "pairs",
}
_BELOW = "margin-below-minimum"
_ELSEWHERE = "split-not-selected"
_LATER = "later-turn"


class SelectPairs(Params):
    """Parameters of `select-pairs`."""

    pairs: str = Field(default="make-pairs", description="The step whose pairs are decided on.")
    exclude_flags: list[str] = Field(
        default=list(EXCLUDED),
        description="Flags that leave a pair out, in the order in which they are given as reasons.",
    )
    also_exclude: list[str] = Field(
        default_factory=list,
        description="More such flags, after those of `exclude_flags`; to add to its default.",
    )
    flags_from: list[str] | None = Field(
        default=None,
        description="Steps whose flags count, `ingest` for those of the adapter; all when null.",
    )
    min_margin: float | None = Field(
        default=None,
        ge=0,
        description="Leave out pairs with a smaller margin. Pairs without a margin stay.",
    )
    splits: list[str] | None = Field(
        default=None, description="Keep only pairs whose prompt is in one of these splits."
    )
    splits_from: str = Field(default="split-by-prompt", description="The step that split.")
    first_turns: bool = Field(
        default=False,
        description="Keep only pairs whose prompt is the first turn of its conversation. Prompts "
        "of later turns repeat earlier responses, with their licence.",
    )

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Read the prompts only where their turns matter."""
        return tuple(table for table in declared if table != "prompts" or self.first_turns)

    @property
    def excluded(self) -> list[str]:
        """All flags that leave a pair out, each once, in order."""
        return list(dict.fromkeys([*self.exclude_flags, *self.also_exclude]))


def _tell(counts: Mapping[str, int], params: SelectPairs) -> tuple[str, ...]:
    """Tell of flags on pairs that leave none out: whoever ran a filter expects that they do."""
    return tuple(
        f"{n:,} pairs are flagged {flag!r} and stay; to leave them out: also_exclude: [{flag}]"
        for flag, n in sorted(counts.items())
    )


@stage(
    version=1,
    reads=("pairs", "flags", "splits", "prompts"),
    writes=("decisions",),
    params=SelectPairs,
    is_parted=always,
    tell=_tell,
)
def select_pairs(
    tables: Mapping[str, pl.LazyFrame], params: SelectPairs, context: Context
) -> StageResult:
    """Decide on each pair whether it is in the dataset, and list why when it is not.

    A pair is out when its prompt, one of its responses, its judgment, its annotator or the pair
    itself carries one of the excluded flags (reason ``flag:<name>``), when its margin is too
    small (``margin-below-minimum``), its split is not asked for (``split-not-selected``), or its
    prompt is a later turn where only first ones are (``later-turn``). A pair that pools several
    judgments has no annotator, so their flags do not touch it.

    By default these flags leave a pair out:

    - there is nothing to learn from: ``empty-response``, ``empty-sentinel`` (PRISM's ``EMPTY
      STRING``), ``identical-responses``;
    - a trainer cannot read the pair, or reads it wrongly: ``empty-prompt``, ``implicit-string``
      (the prompt is inside the texts), ``divergent-tail`` and ``different-turn-count`` (the
      responses answer different conversations), ``repeated-role`` and
      ``last-turn-not-assistant`` (chat templates refuse them or shift the turns),
      ``template-debris`` (a model would learn to write control tokens);
    - the preference is known to be wrong: ``overall-score-defect`` (UltraFeedback's 1 read as
      10);
    - the prompt is a benchmark's: ``benchmark-truthful-qa``.

    Flags that other stages put on pairs (``displacement``, ``exact-duplicate``) leave out what
    ``also_exclude`` names; a note tells of those that it does not.

    Role markers inside a text, repeated prompts and several chosen responses stay in: they are
    odd, but the pair can be read and its preference holds.

    The ledger counts pairs. Every pair gets a row, and none is rejected.
    """
    pairs = (
        tables["pairs"]
        .filter(pl.col("stage") == params.pairs)
        .select(*dict.fromkeys(("pair_id", *_SUBJECTS)), "margin")
        .with_row_index()
        .collect()
    )
    found = [*_by_flag(pairs, tables["flags"], params)]
    ranks = len(params.excluded)
    if params.min_margin is not None:
        below = pairs.filter(pl.col("margin") < params.min_margin)
        found.append(_reasons(below, _BELOW, ranks))
    if params.splits is not None:
        found.append(_reasons(_elsewhere(pairs, tables["splits"], params), _ELSEWHERE, ranks + 1))
    if params.first_turns:
        later = tables["prompts"].filter(pl.col("turn") > 0).select("prompt_id").collect()
        found.append(_reasons(pairs.join(later, on="prompt_id", how="semi"), _LATER, ranks + 2))
    reasons = (
        pl.concat(found)
        .unique(["index", "rank"])
        .sort("index", "rank")
        .group_by("index", maintain_order=True)
        .agg(reasons=pl.col("reason"))
    )
    decisions = pairs.join(reasons, on="index", how="left", maintain_order="left").select(
        "pair_id",
        pl.col("reasons").is_null().alias("is_kept"),
        pl.col("reasons").list.first().alias("reason"),
        "reasons",
    )
    return StageResult(
        tables={"decisions": decisions},
        rows_in=pairs.height,
        rows_out=pairs.height,
        counts=_idle(pairs, tables["flags"], params),
    )


def _idle(pairs: pl.DataFrame, flags: pl.LazyFrame, params: SelectPairs) -> dict[str, int]:
    """Count the pairs by flag, for the flags on pairs that leave none out."""
    idle = (
        flags.filter((pl.col("subject") == "pairs") & ~pl.col("flag").is_in(params.excluded))
        .select("id", "flag")
        .unique()
        .collect()
        .join(pairs.select(id="pair_id"), on="id", how="semi")
    )
    return dict(idle["flag"].value_counts().iter_rows())


def _by_flag(pairs: pl.DataFrame, flags: pl.LazyFrame, params: SelectPairs) -> list[pl.DataFrame]:
    """Return index, rank and reason for each excluded flag of each part of a pair."""
    ranks = {flag: rank for rank, flag in enumerate(params.excluded)}
    raised = flags.filter(pl.col("flag").is_in(list(ranks)))
    if params.flags_from is not None:
        raised = raised.filter(pl.col("stage").is_in(params.flags_from))
    carriers = raised.select("id", "subject", "flag").unique().collect()
    named = carriers.select(
        "id",
        "subject",
        pl.col("flag").replace_strict(ranks, return_dtype=pl.Int64).alias("rank"),
        (pl.lit("flag:") + pl.col("flag")).alias("reason"),
    )
    return [
        pairs.select("index", id=column)
        .join(named.filter(pl.col("subject") == subject).drop("subject"), on="id")
        .drop("id")
        for column, subject in _SUBJECTS.items()
    ]


def _reasons(pairs: pl.DataFrame, reason: str, rank: int) -> pl.DataFrame:
    return pairs.select(
        "index", pl.lit(rank, pl.Int64).alias("rank"), pl.lit(reason).alias("reason")
    )


def _elsewhere(pairs: pl.DataFrame, splits: pl.LazyFrame, params: SelectPairs) -> pl.DataFrame:
    """Return the pairs whose prompt is in no split that is asked for."""
    wanted = splits.filter(
        (pl.col("stage") == params.splits_from) & pl.col("split").is_in(params.splits or [])
    )
    return pairs.join(wanted.select("prompt_id").collect(), on="prompt_id", how="anti")
