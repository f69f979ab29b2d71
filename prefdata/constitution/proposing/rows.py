"""Rows of `proposals` and `principles`, and of the quarantine, from what a model proposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.constitution.names import principle_id
from prefdata.constitution.proposing.reading import ANSWER_RULES
from prefdata.constitution.proposing.sentences import SENTENCE_RULES
from prefdata.tables.bundle import REJECT_COLUMNS
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefdata.constitution.proposing.reading import Answer
    from prefdata.constitution.proposing.wording import Variant

__all__ = ["PROPOSED", "Asked", "principle_rows", "proposal_rows", "reject_rows"]

PROPOSED: Mapping[str, pl.DataType] = {
    "comparison_id": pl.String(),
    "prompt_id": pl.String(),
    "variant": pl.String(),
    "is_swapped": pl.Boolean(),
    "number": pl.Int32(),
    "sentence": pl.String(),
    "form": pl.String(),
    "request": pl.String(),
}
"""Columns of sentences as `proposal_rows` reads them; ``form`` is that of all principles."""

_RAW_CHARS = 4096


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and what came of it.

    Attributes:
        comparison_id: The comparison that was shown.
        prompt_id: Its prompt.
        variant: The wording.
        is_swapped: Whether the rejected response was shown first.
        request: Digest of the request, as in ``answers``.
        text: The answer.
        answer: What it comes to.
    """

    comparison_id: str
    prompt_id: str
    variant: Variant
    is_swapped: bool
    request: str
    text: str | None
    answer: Answer


def proposal_rows(asked: Sequence[Asked], *, generator: str, chat: str) -> pl.DataFrame:
    """Make a row of each sentence that is a principle, in the order asked.

    Args:
        asked: Requests with their answers.
        generator: The model.
        chat: Digest of server, model and wording.

    Returns:
        Columns of ``proposals`` without source and stage, and ``form``.
    """
    rows = [
        {
            "comparison_id": one.comparison_id,
            "prompt_id": one.prompt_id,
            "variant": one.variant,
            "is_swapped": one.is_swapped,
            "number": proposal.number,
            "sentence": proposal.said,
            "form": proposal.sentence,
            "request": one.request,
        }
        for one in asked
        for proposal in one.answer.proposals
    ]
    frame = pl.DataFrame(rows, schema=dict(PROPOSED), orient="row")
    number = pl.col("number").cast(pl.String)
    return frame.with_columns(
        proposal_id=hash_tuple(frame, "request", "comparison_id", number),
        principle_id=principle_id(frame["form"]),
        generator=pl.lit(generator),
        chat=pl.lit(chat),
    )


def principle_rows(proposals: pl.DataFrame) -> pl.DataFrame:
    """Make a row of each principle: what was proposed most often first, then by its words.

    Of several spellings, which differ in case and the like, the most frequent stands for all.

    Args:
        proposals: As `proposal_rows` returns them.

    Returns:
        Columns of ``principles`` that are known, without source and stage.
    """
    spelt = proposals.group_by("principle_id", "form").agg(
        n=pl.len(), generator=pl.col("generator").min()
    )
    best = spelt.sort(["n", "form"], descending=[True, False])
    rows = (
        best.group_by("principle_id", maintain_order=True)
        .agg(
            sentence=pl.col("form").first(),
            n_proposals=pl.col("n").sum().cast(pl.Int32),
            generator=pl.col("generator").min(),
        )
        .sort(["n_proposals", "sentence"], descending=[True, False])
    )
    return rows.select(
        "principle_id",
        position=pl.int_range(pl.len(), dtype=pl.Int32),
        origin=pl.lit("model"),
        sentence="sentence",
        generator="generator",
        n_proposals="n_proposals",
    )


def reject_rows(asked: Sequence[Asked], model: str) -> pl.DataFrame:
    """Make a reject of each request that proposed nothing.

    Args:
        asked: Requests with their answers.
        model: Name of the model.
    """
    words = {**ANSWER_RULES, **SENTENCE_RULES}
    rows = [
        {
            "subject": "proposals",
            "id": one.request,
            "field": "sentence",
            "rule": one.answer.rule,
            "reason": f"{words[one.answer.rule]}: {model} on {one.comparison_id}, {one.variant}"
            + (f". {one.answer.detail}" if one.answer.detail else ""),
            "raw": None if one.text is None else one.text[:_RAW_CHARS],
        }
        for one in asked
        if one.answer.rule is not None
    ]
    return pl.DataFrame(rows, schema=REJECT_COLUMNS, orient="row")
