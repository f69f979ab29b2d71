"""Findings on pairs that a trainer's tokenizer and its longest text leave nothing of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from prefdata.protocols import Context, Outside, StageResult, Tokenization, stage
from prefdata.stages._findings import FINDINGS
from prefdata.tables.messages import with_system
from prefdata.trainability import FATAL, Auditor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["AuditTrainability", "audit_trainability"]

_PAIRS_AT_ONCE = 10_000


class AuditTrainability(Tokenization):
    """Parameters of `audit-trainability`."""

    pairs: str = Field(default="make-pairs", description="The step whose pairs are audited.")

    def outside(self) -> Outside:
        """Name the tokenizer, and the step whose pairs are read."""
        return Outside(models=(self,), steps=(self.pairs,))


@stage(
    version=1,
    reads=("pairs", "prompts", "responses"),
    writes=("flags",),
    params=AuditTrainability,
)
def audit_trainability(
    tables: Mapping[str, pl.LazyFrame], params: AuditTrainability, context: Context
) -> StageResult:
    """Flag the pairs that a trainer fails on, leaves out, or learns nothing from; drop nothing.

    Pairs are read as TRL's `DPOTrainer` prepares them: prompt alone, prompt and chosen, prompt and
    rejected are rendered and tokenised, the responses begin where the three texts part, and the
    first (``truncation: keep-start``) or last ``max_length`` tokens are kept. ``value`` counts
    tokens.

    These flags say that nothing is left to train on:

    - ``template-failed``: the chat template fails on the messages; ``role-order``: it refuses
      their roles, or the order of them, whatever the messages say.
    - ``prompt-over-limit``: the prompt alone has ``max_length`` tokens or more, where the start is
      kept, or more than ``max_prompt_length``.
    - ``untrainable-empty``: a response has no token.
    - ``identical-tokens``: both responses have the same tokens; ``untrainable-identical``: they
      have them only after the cut.

    These say what a trainer does without a word to pairs that have none of the former:

    - ``truncated``: ``value`` tokens of the responses are cut away; ``prompt-cut``: tokens of the
      prompt are, where the end is kept.
    - ``prompt-not-prefix``: the prompt alone does not begin prompt and response; its last
      ``value`` tokens are left out.
    - ``no-end-token``: a response does not end with a token at which the model stops.

    To leave pairs out, name the flags in `select-pairs`: ``also_exclude: [untrainable-identical,
    prompt-over-limit, …]``. The ledger counts pairs, and none is rejected.

    References:
        TRL 1.16, `DPOTrainer._prepare_dataset` and `DataCollatorForPreference`.
    """
    auditor = Auditor(params)
    flags = [
        auditor.audit(part).rename({"pair_id": "id"}).with_columns(subject=pl.lit("pairs"))
        for part in _parts(tables, params.pairs)
    ]
    empty = pl.DataFrame(schema=FINDINGS)
    return StageResult(
        tables={"flags": pl.concat([empty, *(part.select(list(FINDINGS)) for part in flags)])},
        rows_in=auditor.n_pairs,
        rows_out=auditor.n_pairs,
        notes=_notes(auditor),
    )


def _parts(tables: Mapping[str, pl.LazyFrame], step: str) -> Iterator[pl.DataFrame]:
    """Yield pairs with their messages, some thousands at once, in the order of their ids."""
    pairs = (
        tables["pairs"]
        .filter(pl.col("stage") == step)
        .select("pair_id", "prompt_id", "chosen_id", "rejected_id")
        .sort("pair_id")
        .collect()
    )
    prompts = tables["prompts"].select("prompt_id", prompt=with_system()).collect()
    said = tables["responses"].select("response_id", "messages").collect()
    for part in pairs.iter_slices(_PAIRS_AT_ONCE):
        frame = part.join(prompts, on="prompt_id")
        for side in ("chosen", "rejected"):
            named = said.rename({"response_id": f"{side}_id", "messages": side})
            frame = frame.join(named, on=f"{side}_id")
        yield frame.sort("pair_id")


def _notes(auditor: Auditor) -> tuple[str, ...]:
    """Tell how many pairs are lost, by which flags, and what is done to the others."""
    counts = auditor.counts
    fatal = {flag: n for flag, n in counts.items() if flag in FATAL}
    others = {flag: n for flag, n in counts.items() if flag not in FATAL}
    notes = []
    if fatal:
        told = f"{auditor.n_lost:,} of {auditor.n_pairs:,} pairs cannot be trained on"
        advice = f"to leave them out: also_exclude: [{', '.join(fatal)}] in select-pairs"
        notes = [f"{told} ({_listed(fatal)})", advice]
    if others:
        notes.append(f"of the pairs that can be trained on: {_listed(others)}")
    return tuple(notes)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{flag} {n:,}" for flag, n in counts.items())
