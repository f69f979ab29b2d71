"""Writes rationales: asks, reads the answers, and says of every one what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from prefdata.core.fingerprint import canonical_json, digest
from prefdata.protocols import ChatParams, ChatRequest, Params
from prefdata.rationales.drafts import (
    OTHER,
    Draft,
    Slot,
    after_blind,
    blind_draft,
    blind_notes,
    draft_rows,
    given_draft,
    status_note,
)
from prefdata.rationales.handles import is_chosen_x
from prefdata.rationales.reading import read_blind, read_text
from prefdata.rationales.stand_ins import agrees, stand_in, stand_in_blind
from prefdata.rationales.wording import BLIND_SCHEMA, Kind, Task, wording, wording_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from prefdata.protocols import Chat, ChatAnswer

__all__ = ["WriteParams", "Written", "write"]

_TOKENS_PER_WORD = 5
"""Room for languages of which a token is a letter or two; answers stop long before."""
_TOKENS_AROUND = 64
"""For what stands around the words: the form of an object."""


class WriteParams(Params):
    """How rationales are written."""

    model: ChatParams = Field(description="The chat model that writes: its name, or parameters.")
    kinds: tuple[Kind, ...] = Field(
        default=("general", "specific"),
        min_length=1,
        description="`general`: one to three sentences on what matters most. `specific`: point by "
        "point, with quotations.",
    )
    mode: Literal["given", "blind", "blind_then_given"] = Field(
        default="blind_then_given",
        description="`given`: the writer is told which response is better. `blind`: it is not, "
        "and what it writes counts if it finds the same in both orders. `blind_then_given`: "
        "blind, and where that does not count, given.",
    )
    samples: int = Field(default=1, ge=1, description="Rationales of each kind for each pair.")
    temperature: float = Field(
        default=0.3, ge=0, le=2, description="Of sampling; up to 0.7 is sensible."
    )
    general_words: int = Field(default=60, ge=10, description="Most words of a general one.")
    specific_words: int = Field(default=180, ge=30, description="Most words of a specific one.")
    max_chars: int = Field(
        default=24_000,
        ge=100,
        description="Longest message or response that is shown, in characters; the rest is left "
        "out, which the request and `detail` say.",
    )

    @field_validator("kinds")
    @classmethod
    def _each_once(cls, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        if len(set(kinds)) < len(kinds):
            message = "a kind is named twice"
            raise ValueError(message)
        return kinds

    def words(self, kind: Kind) -> int:
        """Return the most words that a rationale of a kind may have."""
        return self.general_words if kind == "general" else self.specific_words

    def settings(self) -> dict[str, Any]:
        """Return the parameters that shape a rationale, besides its kind, order and seed."""
        shaping = {"mode", "temperature", "general_words", "specific_words", "max_chars"}
        return self.model_dump(mode="json", include=shaping) | {"model": self.model.wording()}


@dataclass(frozen=True, slots=True)
class Written:
    """Rationales, one for each pair, kind and sample, whatever came of it."""

    rows: pl.DataFrame
    """Columns of `rationales` without ``stage``, sorted by source, pair, kind and sample."""
    notes: tuple[str, ...]
    """How many were written, what blind writers found, and the tokens of it."""


@dataclass(slots=True)
class _Writer:
    """Asks for the rationales of slots."""

    params: WriteParams
    chat: Chat
    step: str
    seed: int
    attempt: int
    is_flipped: bool
    chat_name: str = ""
    tokens: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Tokens of request and answer, by request."""

    def drafts(self, kind: Kind, slots: Sequence[Slot]) -> list[Draft]:
        """Return what came of each slot, in order."""
        if self.params.mode == "given" or self.is_flipped:
            return self._given(kind, slots)
        blind = self._blind(kind, slots)
        if self.params.mode == "blind":
            return blind
        given = iter(self._given(kind, [d.slot for d in blind if d.status != "ok"]))
        return [d if d.status == "ok" else after_blind(next(given), d) for d in blind]

    def _given(self, kind: Kind, slots: Sequence[Slot]) -> list[Draft]:
        asked = [self._request(kind, slot, is_blind=False) for slot in slots]
        answers = self._get(asked, f"write-{kind}", read_text)
        template = wording_digest(kind, self.params.words(kind), is_blind=False)
        return [
            given_draft(slot, kind, answer, template)
            for slot, answer in zip(slots, answers, strict=True)
        ]

    def _blind(self, kind: Kind, slots: Sequence[Slot]) -> list[Draft]:
        # Both orders of a pair next to each other: they begin with the same words.
        shown = [order for slot in slots for order in (slot, slot.turned)]
        asked = [self._request(kind, slot, is_blind=True) for slot in shown]
        answers = self._get(asked, f"write-{kind}-blind", read_blind)
        template = wording_digest(kind, self.params.words(kind), is_blind=True)
        return [
            blind_draft(slot, kind, drawn, turned, template)
            for slot, drawn, turned in zip(slots, answers[::2], answers[1::2], strict=True)
        ]

    def _request(self, kind: Kind, slot: Slot, *, is_blind: bool) -> ChatRequest:
        case, texts, words = slot.case, slot.texts, self.params.words(kind)
        better = OTHER[slot.label] if self.is_flipped else slot.label
        task = Task(
            kind=kind,
            words=words,
            better=None if is_blind else better,
            language=case["language"],
            aspect=case["aspect"],
            max_chars=self.params.max_chars,
            key=str(self.seed),
        )
        if is_blind:
            found = better if agrees(case["pair_id"]) else OTHER[better]
            expected = stand_in_blind(kind, found, *texts)
        else:
            expected = stand_in(kind, better, *texts)
        return ChatRequest(
            messages=wording(case["messages"], *texts, task),
            max_tokens=_TOKENS_PER_WORD * words + _TOKENS_AROUND,
            temperature=self.params.temperature,
            seed=int(digest(["write", self.seed, slot.sample, self.attempt])[:7], 16),
            schema=BLIND_SCHEMA if is_blind else None,
            sample=slot.sample,
            stand_in=expected,
        )

    def _get(
        self, asked: list[ChatRequest], purpose: str, read: Callable[[str], object]
    ) -> list[ChatAnswer]:
        if not asked:
            return []
        said = self.chat.get(
            asked, model=self.params.model, purpose=purpose, step=self.step, read=read
        )
        self.chat_name = said.chat
        for answer in said.answers:
            counts = (answer.prompt_tokens or 0, answer.completion_tokens or 0)
            self.tokens[answer.request] = counts
        return said.answers

    def settings(self) -> str:
        return canonical_json(self.params.settings() | {"is_flipped": self.is_flipped})

    def tokens_note(self) -> str:
        asked, said = (sum(counts) for counts in zip(*self.tokens.values(), strict=True))
        return f"{len(self.tokens):,} requests of {asked:,} tokens, answers of {said:,}"


def write(
    cases: pl.DataFrame,
    params: WriteParams,
    chat: Chat,
    *,
    step: str,
    seed: int,
    attempt: int = 1,
    is_flipped: bool = False,
) -> Written:
    """Write rationales for pairs: a row for each pair, kind and sample, never fewer.

    Which response is called X is drawn for each pair; the next sample and the next attempt have
    it the other way round, and sample with another seed.

    A blind writer is asked in both orders. Its text in the order drawn is kept, ``ok`` if both
    verdicts are the label, else ``disagrees``. With ``blind_then_given`` the rows that are not
    ``ok`` are written by a writer that was told; they keep the blind verdict, and `detail` says
    what the blind writer did.

    Args:
        cases: Columns of `prefdata.rationales.cases.CASE`.
        params: How they are written.
        chat: Where answers come from.
        step: The step that asks.
        seed: Of the recipe.
        attempt: From 1; higher where they are written anew. ``params.samples`` samples again.
        is_flipped: Write for the opposite of the label, as a control of checks: the writer is
            told that the rejected response is the better one, whatever the mode. ``preferred``
            remains the true label, so such a text must fail.

    Raises:
        BackendError: If answers are missing in the end.
        BudgetError: If the budget is spent.
    """
    writer = _Writer(params, chat, step, seed, attempt, is_flipped)
    slots = _slots(cases, params.samples, seed, attempt)
    drafts = [draft for kind in params.kinds for draft in writer.drafts(kind, slots)]
    common = {
        "chat": writer.chat_name,
        "generator": params.model.model,
        "settings": writer.settings(),
        "seed": seed,
        "attempt": attempt,
    }
    rows = draft_rows(drafts, common, max_chars=params.max_chars)
    if not drafts:
        return Written(rows, ())
    notes = (status_note(drafts), *blind_notes(drafts), writer.tokens_note())
    return Written(rows, notes)


def _slots(cases: pl.DataFrame, samples: int, seed: int, attempt: int) -> list[Slot]:
    """Return each pair and sample with its handles, equal prompts together."""
    ordered = cases.sort("prompt_id", "source", "pair_id")
    drawn = [
        is_chosen_x(ordered["pair_id"], seed=seed, sample=sample, attempt=attempt).to_list()
        for sample in range(samples)
    ]
    # A loop over rows: each becomes a request, and is sent.
    return [
        Slot(case, sample, drawn[sample][row])
        for row, case in enumerate(ordered.iter_rows(named=True))
        for sample in range(samples)
    ]
