"""What came of a request for a rationale, and the row that it becomes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import polars as pl

from prefdata.metrics.recall import wilson_interval
from prefdata.rationales.checks import aspect_tags
from prefdata.rationales.reading import read_blind, read_text
from prefdata.schema import polars_schema, table_schema
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prefdata.protocols import AnswerStatus, ChatAnswer
    from prefdata.rationales.wording import Handle, Kind

__all__ = [
    "OTHER",
    "Draft",
    "Finding",
    "Slot",
    "after_blind",
    "blind_draft",
    "blind_notes",
    "draft_rows",
    "given_draft",
    "status_note",
]

OTHER: Mapping[str, Handle] = {"X": "Y", "Y": "X"}
"""The other handle."""

Finding = Literal["agrees", "other", "tie", "order", "unread"]
"""What both verdicts of a blind writer come to: the label; the other response; neither; something
else in each order; or one of them could not be read."""

_SAID: Mapping[Finding, str] = {
    "other": "the other response",
    "tie": "neither",
    "order": "another one in each order",
}
_Read = TypeVar("_Read")
_IDENTITY = ("pair_id", "kind", "origin", "chat", "template", "settings")


@dataclass(frozen=True, slots=True)
class Slot:
    """A pair in an order of handles.

    Attributes:
        case: Row of `prefdata.rationales.cases.CASE`.
        sample: Number of the sample.
        is_chosen_x: Whether the chosen response is called X.
    """

    case: Mapping[str, Any]
    sample: int
    is_chosen_x: bool

    @property
    def label(self) -> Handle:
        """The handle of the chosen response."""
        return "X" if self.is_chosen_x else "Y"

    @property
    def texts(self) -> tuple[str, str]:
        """What X and Y say."""
        chosen, rejected = self.case["chosen_text"], self.case["rejected_text"]
        return (chosen, rejected) if self.is_chosen_x else (rejected, chosen)

    @property
    def turned(self) -> Slot:
        """The same pair with the handles exchanged."""
        return replace(self, is_chosen_x=not self.is_chosen_x)


@dataclass(frozen=True, slots=True)
class Draft:
    """What came of a slot.

    Attributes:
        slot: The pair and its handles.
        kind: What kind of rationale.
        origin: Whether the writer was told the label.
        status: As in `rationales`.
        text: The rationale.
        answer: The answer that it is from.
        template: Digest of the wording.
        verdict: What a blind writer found, in the handles of the slot.
        detail: What is unusual.
        finding: What its two verdicts come to; None where nobody was asked blind.
    """

    slot: Slot
    kind: Kind
    origin: Literal["given", "blind"]
    status: AnswerStatus | Literal["disagrees"]
    text: str | None
    answer: ChatAnswer
    template: str
    verdict: str | None = None
    detail: str | None = None
    finding: Finding | None = None


def given_draft(slot: Slot, kind: Kind, answer: ChatAnswer, template: str) -> Draft:
    """Return what the answer of a writer comes to that was told the label.

    A text that is cut is kept as far as it goes; its status tells.
    """
    text, status, detail = _read(answer, read_text)
    if status == "cut" and answer.text is not None:
        text = answer.text.strip() or None
    return Draft(slot, kind, "given", status, text, answer, template, detail=detail)


def blind_draft(
    slot: Slot, kind: Kind, drawn: ChatAnswer, turned: ChatAnswer, template: str
) -> Draft:
    """Return what the answers of a blind writer come to.

    Args:
        slot: The pair in the order drawn.
        kind: What kind of rationale.
        drawn: The answer in that order; its reason is the text.
        turned: The answer with the handles exchanged.
        template: Digest of the wording.
    """
    (first, status, detail), (second, other_status, other_detail) = (
        _read(answer, read_blind) for answer in (drawn, turned)
    )
    draft = Draft(slot, kind, "blind", status, None, drawn, template, None, detail, "unread")
    if first is None:
        return draft
    verdict = first.verdict.lower()
    if second is None:
        told = f"with X and Y exchanged: {other_detail or other_status}"
        return replace(draft, status=other_status, verdict=verdict, detail=told)
    draft = replace(draft, text=first.reason, verdict=verdict)
    # In the handles of the slot: the second answer was given with them exchanged.
    found = (first.verdict, OTHER.get(second.verdict, second.verdict))
    if found == (slot.label, slot.label):
        return replace(draft, finding="agrees")
    if found[0] != found[1]:
        told = f"verdict {found[0]}, and {found[1]} where X and Y were exchanged"
        return replace(draft, status="disagrees", detail=told, finding="order")
    finding: Finding = "tie" if found[0] == "tie" else "other"
    told = f"verdict {found[0]} in both orders"
    return replace(draft, status="disagrees", detail=told, finding=finding)


def _read(
    answer: ChatAnswer, read: Callable[[str], _Read]
) -> tuple[_Read | None, AnswerStatus, str | None]:
    """Read an answer; one that was taken for readable and is not has another status."""
    if answer.status != "ok" or answer.text is None:
        return None, answer.status, answer.detail
    try:
        return read(answer.text), "ok", answer.detail
    except ValueError as error:
        return None, "unreadable", str(error)


def after_blind(given: Draft, blind: Draft) -> Draft:
    """Return a draft that was written with the label, with what the blind writer did before."""
    before = f"blind: {blind.status}" + (f", {blind.detail}" if blind.detail else "")
    detail = "; ".join(filter(None, (before, given.detail)))
    return replace(given, verdict=blind.verdict, detail=detail, finding=blind.finding)


def draft_rows(
    drafts: Sequence[Draft], common: Mapping[str, Any], *, max_chars: int
) -> pl.DataFrame:
    """Return the rows of drafts, sorted by source, pair, kind and sample.

    Args:
        drafts: In any order.
        common: Columns that are the same for all: chat, generator, settings, seed, attempt.
        max_chars: Longest text that was shown to the writer.

    Returns:
        Columns of `rationales` without ``stage``.
    """
    types = polars_schema(table_schema("rationales"))
    schema = {name: dtype for name, dtype in types.items() if name != "stage"}
    rows = [{**_row(draft, max_chars), **common} for draft in drafts]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    number = pl.concat_str("seed", "sample", "attempt", separator="/")
    return frame.with_columns(
        rationale_id=hash_tuple(frame, *_IDENTITY, number),
        aspects=aspect_tags(frame["text"], frame["language"]),
    ).sort("source", "pair_id", "kind", "sample")


def _row(draft: Draft, max_chars: int) -> dict[str, Any]:
    slot, answer = draft.slot, draft.answer
    chosen, rejected = slot.case["chosen_id"], slot.case["rejected_id"]
    x, y = (chosen, rejected) if slot.is_chosen_x else (rejected, chosen)
    details = filter(None, (draft.detail, _left_out(slot, max_chars)))
    return {
        "source": slot.case["source"],
        "scope": "pair",
        "pair_id": slot.case["pair_id"],
        "prompt_id": slot.case["prompt_id"],
        "annotator_id": slot.case["annotator_id"],
        "response_ids": [x, y],
        "x_id": x,
        "y_id": y,
        "preferred": slot.label.lower(),
        "verdict": draft.verdict,
        "kind": draft.kind,
        "origin": draft.origin,
        "aspect": slot.case["aspect"],
        "status": draft.status,
        "text": draft.text,
        "language": slot.case["language"],
        "detail": "; ".join(details) or None,
        "request": answer.request,
        "template": draft.template,
        "sample": slot.sample,
        "finish_reason": answer.finish_reason,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
    }


def _left_out(slot: Slot, max_chars: int) -> str | None:
    """Say which texts the writer did not see to their end."""
    named = dict(zip("XY", slot.texts, strict=True))
    named |= {f"message {n}": m["content"] for n, m in enumerate(slot.case["messages"])}
    cut = [name for name, text in named.items() if len(text) > max_chars]
    return f"shown to {max_chars:,} characters only: {', '.join(cut)}" if cut else None


def status_note(drafts: Sequence[Draft]) -> str:
    """Say how many rationales there are, by origin, and what became of the others."""
    written = Counter(draft.origin for draft in drafts if draft.status == "ok")
    missing = Counter(draft.status for draft in drafts if draft.status != "ok")
    told = [f"{origin} {n:,}" for origin, n in sorted(written.items())]
    told += [f"{status} {n:,}" for status, n in sorted(missing.items())]
    n = written.total()
    return f"{n:,} of {len(drafts):,} rationales are written" + (
        f" ({', '.join(told)})" if told else ""
    )


def blind_notes(drafts: Sequence[Draft]) -> list[str]:
    """Say for each kind on how many pairs a blind writer disagrees with the label.

    It is a measure of the labels, and of the writer. Only the first sample of each pair counts:
    the others are not independent of it.
    """
    found: dict[str, Counter[str]] = {}
    for draft in drafts:
        if draft.finding is not None and draft.slot.sample == 0:
            found.setdefault(draft.kind, Counter())[draft.finding] += 1
    return [_disagreement(kind, counts) for kind, counts in sorted(found.items())]


def _disagreement(kind: str, counts: Counter[str]) -> str:
    n = counts.total() - counts["unread"]
    if n == 0:
        return f"{kind}: no blind verdict could be read"
    share = 1 - counts["agrees"] / n
    low, high = wilson_interval(share, n)
    how = ", ".join(f"{said} {counts[found]:,}" for found, said in _SAID.items())
    return (
        f"{kind}: blind, the writer disagrees with the label on {share:.3f} of {n:,} pairs "
        f"(95 % interval {low:.3f} to {high:.3f}): {how}"
    )
