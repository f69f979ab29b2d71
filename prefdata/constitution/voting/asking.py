"""Asks a model for votes, many principles at a time, and reads what it says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prefdata.constitution.ballots import FAILED
from prefdata.constitution.voting.listed import blocks_of
from prefdata.constitution.voting.orders import UNASKED
from prefdata.constitution.voting.packing import Pack, pack
from prefdata.constitution.voting.reading import read_votes, reader
from prefdata.constitution.voting.wording import (
    conversation_part,
    listed_sentence,
    request_of,
    response_part,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from prefdata.protocols import Chat, ChatAnswer, ChatParams, ChatRequest

__all__ = ["PURPOSE", "Asked", "Asking", "ask_votes", "voter_of"]

PURPOSE = "vote-principles"
"""What is asked for, in the ledger of requests."""

_AGAIN = frozenset({"unreadable", "cut"})
"""What may come out better when it is asked anew; what a server refuses it would refuse again."""
_TEMPERATURE = 0.3
_SEEDS_APART = 1000
"""Of what is asked anew: without chance it would be answered alike."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a model is asked.

    Attributes:
        model: The model.
        per_request: Most principles in one request.
        both_orders: Whether each comparison is shown in both orders of its responses.
        max_chars: Longest text that is shown.
        retries: How often a request is made anew that was not answered as it should be.
        seed: Of the recipe.
        step: The step that asks.
    """

    model: ChatParams
    per_request: int
    both_orders: bool
    max_chars: int
    retries: int
    seed: int
    step: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model voted."""

    shown: NDArray[np.int8]
    """``(2, n, p)``: votes with a shown first, and with b shown first, as in `both_orders`."""
    n_requests: int
    n_answers: Mapping[str, int]
    """Requests by what became of them: the statuses of ``answers``."""
    n_anew: int
    """Requests that were made anew, further times included."""
    prompt_tokens: int
    completion_tokens: int


class _Answer(NamedTuple):
    """What came of a request."""

    status: str
    votes: list[int] | int
    prompt_tokens: int
    completion_tokens: int


class _Slot(NamedTuple):
    """A request: the comparison, the order, and the principles in it."""

    row: int
    is_b_first: bool
    pack: Pack


def voter_of(chat: Chat, model: ChatParams, step: str) -> str:
    """Return the name under which a model votes: ``<model>@<digest>``; nothing is asked."""
    found = chat.get([], model=model, purpose=PURPOSE, step=step)
    return f"{found.model}@{found.chat}"


def ask_votes(
    matter: pl.DataFrame,
    principles: pl.DataFrame,
    missing: NDArray[np.bool_],
    asking: Asking,
    chat: Chat,
) -> Asked:
    """Ask for votes on comparisons.

    Args:
        matter: Columns of `prefdata.constitution.voting.matter.MATTER`, one row for each of the n.
        principles: ``principle_id``, ``sentence``, ``origin`` and ``name``, one row for each of
            the p.
        missing: ``(n, p)``: which votes are asked for.
        asking: How.
        chat: Where answers come from.

    Raises:
        BackendError: If answers are missing in the end; a second run asks for those only.
        BudgetError: If the budget does not allow the next request.
    """
    packs = pack(
        missing,
        matter["words"].to_list(),
        principles["principle_id"].to_list(),
        per_request=asking.per_request,
        seed=asking.seed,
        blocks=blocks_of(principles),
    )
    slots: list[_Slot] = []
    requests: list[ChatRequest] = []
    for slot, request in _requests(matter, principles["sentence"].to_list(), packs, asking):
        slots.append(slot)
        requests.append(request)
    answers, n_anew = _answers(slots, requests, asking, chat)
    shown = np.full((2, *missing.shape), UNASKED, np.int8)
    # A loop over rows: each is the answer of a model.
    for slot, answer in zip(slots, answers, strict=True):
        shown[int(slot.is_b_first), slot.row, slot.pack.columns] = answer.votes
    # Votes are for what was shown first: turned round where that was b.
    turned = shown[1]
    shown[1] = np.where(np.abs(turned) == 1, -turned, turned)
    return Asked(
        shown=shown,
        n_requests=len(slots),
        n_answers=dict(Counter(answer.status for answer in answers)),
        n_anew=n_anew,
        prompt_tokens=sum(answer.prompt_tokens for answer in answers),
        completion_tokens=sum(answer.completion_tokens for answer in answers),
    )


def _requests(
    matter: pl.DataFrame, sentences: Sequence[str], packs: list[list[Pack]], asking: Asking
) -> Iterator[tuple[_Slot, ChatRequest]]:
    """Yield requests: those on one prompt, then those in one order, next to each other."""
    listed = [listed_sentence(sentence) for sentence in sentences]
    most = asking.max_chars
    ordered = matter.with_row_index("row").sort("prompt_hash", "prompt_id", "comparison_id")
    columns = ("row", "prompt_id", "conversation", "a", "b", "is_b_first")
    before: str | None = None
    conversation = ""
    # A loop over rows: each becomes requests, which are sent.
    for row, prompt, said, a, b, is_b_first in ordered.select(columns).iter_rows():
        if not packs[row]:
            continue
        if prompt != before:
            before, conversation = prompt, conversation_part(said, most)
        for turned in (False, True) if asking.both_orders else (is_b_first,):
            texts = (b, a) if turned else (a, b)
            shown = (response_part(*named, most) for named in zip("AB", texts, strict=True))
            text = "\n\n".join((conversation, *shown))
            for one in packs[row]:
                said_there = [listed[column] for column in one.columns.tolist()]
                yield _Slot(row, turned, one), request_of(text, said_there, one.first)


def _answers(
    slots: Sequence[_Slot], requests: Sequence[ChatRequest], asking: Asking, chat: Chat
) -> tuple[list[_Answer], int]:
    """Return what came of each request in the end, and how many were made anew."""
    read = reader({(slot.pack.first, len(slot.pack.columns)) for slot in slots})

    def ask(places: Sequence[int], time: int) -> list[_Answer]:
        # The request itself the first time, which most are asked only.
        # Seeds between are those of answers that are read anew.
        anew = {"sample": time, "temperature": _TEMPERATURE, "seed": _SEEDS_APART * time}
        asked = [replace(requests[n], **anew) if time else requests[n] for n in places]  # type: ignore[arg-type]
        found = chat.get(asked, model=asking.model, purpose=PURPOSE, step=asking.step, read=read)
        return [_read(one, slots[n].pack) for one, n in zip(found.answers, places, strict=True)]

    answers = ask(range(len(requests)), 0)
    n_anew = 0
    for time in range(1, 1 + asking.retries):
        places = [place for place, answer in enumerate(answers) if answer.status in _AGAIN]
        if not places:
            break
        n_anew += len(places)
        for place, answer in zip(places, ask(places, time), strict=True):
            before = answers[place]
            answers[place] = answer._replace(
                prompt_tokens=before.prompt_tokens + answer.prompt_tokens,
                completion_tokens=before.completion_tokens + answer.completion_tokens,
            )
    return answers, n_anew


def _read(answer: ChatAnswer, one: Pack) -> _Answer:
    tokens = (answer.prompt_tokens or 0, answer.completion_tokens or 0)
    if answer.status != "ok" or answer.text is None:
        return _Answer(answer.status, FAILED, *tokens)
    try:
        return _Answer("ok", read_votes(answer.text, one.first, len(one.columns)), *tokens)
    except ValueError:
        # An answer to another list than its own.
        return _Answer("unreadable", FAILED, *tokens)
