"""Asks a model for the principles behind choices, and tells what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.constitution.proposing.reading import read_answer, reader
from prefdata.constitution.proposing.rows import (
    Asked,
    principle_rows,
    proposal_rows,
    reject_rows,
)
from prefdata.constitution.proposing.wording import Shown, request_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from prefdata.constitution.proposing.sample import Sample
    from prefdata.constitution.proposing.wording import Task, Variant
    from prefdata.protocols import Chat, ChatAnswers, ChatParams, ChatRequest

__all__ = ["PURPOSE", "Asking", "Proposed", "propose"]

PURPOSE = "propose-principles"
"""What is asked for, in the ledger of requests."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a model is asked.

    Attributes:
        model: The model.
        variants: The wordings; each comparison is shown once for each.
        both_orders: Whether each is shown in both orders of its responses.
        task: What is asked of every request alike.
    """

    model: ChatParams
    variants: Sequence[Variant]
    both_orders: bool
    task: Task


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a model proposed."""

    proposals: pl.DataFrame
    """Columns of ``proposals`` without source and stage."""
    principles: pl.DataFrame
    """Known columns of ``principles`` without source and stage."""
    rejects: pl.DataFrame
    """A row of each request that proposed nothing."""
    n_requests: int
    notes: tuple[str, ...]


def propose(sample: Sample, asking: Asking, chat: Chat, *, step: str) -> Proposed:
    """Show comparisons to a model and ask which principles led to the choices.

    Args:
        sample: The comparisons.
        asking: How it is asked.
        chat: Where answers come from.
        step: The step that asks.

    Raises:
        BackendError: If answers are missing in the end; a second run asks for those only.
        BudgetError: If the budget does not allow the next request.
    """
    slots = list(_slots(sample.rows, asking))
    answers = chat.get(
        [request for _, request in slots],
        model=asking.model,
        purpose=PURPOSE,
        step=step,
        read=reader(asking.task),
    )
    asked = [
        Asked(*slot, answer.request, answer.text, read_answer(answer, asking.task))
        for (slot, _), answer in zip(slots, answers.answers, strict=True)
    ]
    rows = proposal_rows(asked, generator=answers.model, chat=answers.chat)
    principles = principle_rows(rows)
    notes = (
        _shown_note(sample, asking.task),
        _asked_note(asked, answers),
        _sentence_note(asked, principles),
    )
    return Proposed(
        proposals=rows.drop("form"),
        principles=principles,
        rejects=reject_rows(asked, answers.model),
        n_requests=len(asked),
        notes=tuple(filter(None, notes)),
    )


def _slots(
    rows: pl.DataFrame, asking: Asking
) -> Iterator[tuple[tuple[str, str, Variant, bool], ChatRequest]]:
    """Yield what names a request, and the request; those that begin alike next to each other."""
    # A loop over rows: each becomes a request, and is sent.
    for row in rows.iter_rows(named=True):
        shown = Shown(row["conversation"], row["preferred"], row["other"], row["aspect"])
        orders = (False, True) if asking.both_orders else (row["is_turned"],)
        for is_swapped in orders:
            for variant in asking.variants:
                name = (row["comparison_id"], row["prompt_id"], variant, is_swapped)
                yield name, request_of(shown, variant, asking.task, is_swapped=is_swapped)


def _shown_note(sample: Sample, task: Task) -> str:
    n = sample.rows.height
    left_out = ", ".join(f"{count:,} {why}" for why, count in sample.left_out.items())
    told = f"{n:,} comparisons are shown" + (f"; {left_out}" if left_out else "")
    is_long = [sample.rows[name].str.len_chars() > task.max_chars for name in _TEXTS]
    n_cut = sum(int(long.sum()) for long in is_long)
    return told + (f"; {n_cut:,} texts are cut to {task.max_chars:,} characters" if n_cut else "")


_TEXTS = ("conversation", "preferred", "other")


def _asked_note(asked: Sequence[Asked], answers: ChatAnswers) -> str | None:
    if not asked:
        return None
    n_prompt = sum(answer.prompt_tokens or 0 for answer in answers.answers)
    n_said = sum(answer.completion_tokens or 0 for answer in answers.answers)
    rules = Counter(one.answer.rule for one in asked if one.answer.rule is not None)
    refused = ", ".join(f"{rule} {n:,}" for rule, n in sorted(rules.items()))
    return (
        f"{answers.model}: {len(asked):,} requests of {n_prompt:,} tokens, answers of {n_said:,}"
        + (f"; rejected: {refused}" if refused else "")
    )


def _sentence_note(asked: Sequence[Asked], principles: pl.DataFrame) -> str | None:
    if not asked:
        return None
    n = sum(len(one.answer.proposals) for one in asked)
    rules = Counter(rule for one in asked for rule in one.answer.left_out)
    left_out = ", ".join(f"{rule} {count:,}" for rule, count in sorted(rules.items()))
    return f"{n:,} sentences proposed, {principles.height:,} of them different" + (
        f"; not taken: {left_out}" if left_out else ""
    )
