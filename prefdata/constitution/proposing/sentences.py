"""What counts as a principle: one form, one length, and nothing that holds for one pair only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BEGINNING", "SENTENCE_RULES", "Sentence", "read_sentence"]

BEGINNING = "Select the response that"
"""How every principle begins."""
SENTENCE_RULES: Mapping[str, str] = {
    "not-a-principle": "It does not say which response to select",
    "names-a-response": "It names one of the two responses, or a place in which it was shown",
    "too-long": "It has more words than were asked for",
}
"""Why a sentence is no principle, by the name of the rule."""

_LETTERS_PER_WORD = 12
"""Where words are not parted by spaces, so many characters count as one."""
_QUOTES = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "“": '"',
        "”": '"',
    }
)
_DRESS = re.compile(r"^(?:[-*•–]|\(?\d{1,2}[.):])\s+|[*_`]{2,}")
_QUOTED = re.compile(r"([\"'`*])(.*)\1")
_NOUN = r"(?:response|answer|reply|completion|candidate|output)"
_LETTERED = r"(?:response|answer|reply|completion|candidate|output|option|text)"
_BEGINNING = re.compile(
    rf"(?:always\s+)?(?:(?:select|choose|prefer|pick|favou?r)\s+)?(?:the|a|whichever)\s+"
    rf"(?:better\s+)?{_NOUN}\s+(?:that|which),?\s+",
    re.IGNORECASE,
)
_PLACES = (
    # The handles; `response a child can read` has none, so their case counts.
    rf"\b(?i:{_LETTERED})s?\s+[\"'(*]*(?:[AB]|[12]|one|two|#\s?[12])\b",
    r"\b[AB]'s\b",
    r"\b(?:over|than|unlike|and|or|not)\s+[\"'(*]*[AB][\"')*]*(?=\s*(?:[.,;:!?)]|$))",
    r"^[AB]\s+(?:is|over|and|rather)\b",
    rf"\b(?i:first|second|1st|2nd|former|latter)\s+(?i:{_NOUN}|one)\b",
    r"\b(?i:the\s+(?:former|latter))\b",
    rf"\b(?i:(?:un)?(?:selected|chosen|preferred|picked)|rejected|winning|losing)\s+(?i:{_NOUN})\b",
    r"\b(?i:(?:shown|listed|presented|given|placed)\s+(?:first|second|last))\b",
)
_PLACE = re.compile("|".join(_PLACES))
_ADVERBS = (
    r"(?:(?!only\b)[a-z]+ly\s+|also\s+|only\s+|better\s+|best\s+|never\s+|always\s+|more\s+)*"
)
_VERBS = (
    "accepts accuses acknowledges addresses adds admits adopts advises agrees allows apologises "
    "apologizes appeals applies asks assumes attempts avoids begins blames breaks brings "
    "calls cares challenges checks cites clarifies closes comes complies condemns confirms "
    "considers contains continues contradicts corrects covers criticises criticizes declines "
    "de-escalates deals defends defines delivers demonstrates denies describes directs discourages "
    "discusses dismisses displays does doesn't elaborates emphasises emphasizes empathises "
    "empathizes encourages endorses ends engages ensures evades exhibits expands explains explores "
    "expresses fails fits focuses follows gets gives goes greets guides has helps highlights holds "
    "identifies ignores illustrates includes informs insults introduces invites is isn't keeps "
    "lacks leaves lists maintains makes matches meets mentions mirrors mocks names notes "
    "obeys offers omits opens opposes organises organizes praises presents prevents prioritises "
    "prioritizes promotes protects provides puts questions quotes raises reads reassures "
    "recognises recognizes recommends redirects refers reflects refrains refuses refutes rejects "
    "relates relies remains reminds repeats resists respects responds says seeks seems sets shares "
    "shows shuns sounds speaks specifies starts states stays steers sticks stops stresses suggests "
    "summarises summarizes supplies supports takes talks teaches tells tends treats tries uses "
    "validates warns wishes works writes"
)
_VERB = re.compile(rf"{_ADVERBS}(?:{'|'.join(_VERBS.split())})\b", re.IGNORECASE)


class Sentence(NamedTuple):
    """What a sentence of a model comes to."""

    text: str | None
    """The principle in its form; null where it is none."""
    rule: str | None = None
    """A name in `SENTENCE_RULES`; null where it is a principle."""


def read_sentence(said: str, max_words: int) -> Sentence:
    """Bring a sentence into the form ``Select the response that ...``, without a full stop.

    Numbers of lists, quotation marks and Markdown around it do not count. Other beginnings that
    mean the same (`Prefer the answer which`, `The response that`) are replaced. A sentence without
    any gets one if it begins with a verb in the third person (`Avoids insults`), with adverbs
    before it or not. What else there is, such as `Conciseness` or `Be polite`, is no principle:
    behind the beginning it would make no sentence, and whoever votes by it would have to guess.

    Args:
        said: As the model wrote it.
        max_words: The most words that it may have behind the beginning.
    """
    body = _DRESS.sub("", said.translate(_QUOTES).strip())
    if quoted := _QUOTED.fullmatch(body.strip()):
        body = quoted[2]
    body = " ".join(body.split())
    found = _BEGINNING.match(body)
    rest = (body[found.end() :] if found else body).rstrip(" .!;,").strip()
    if not any(letter.isalnum() for letter in rest):
        return Sentence(None, "not-a-principle")
    if found is None and not _VERB.match(rest):
        return Sentence(None, "names-a-response" if _PLACE.search(rest) else "not-a-principle")
    if _PLACE.search(rest):
        return Sentence(None, "names-a-response")
    if len(rest.split()) > max_words or len(rest) > _LETTERS_PER_WORD * max_words:
        return Sentence(None, "too-long")
    if found is None:
        rest = rest[0].lower() + rest[1:]
    return Sentence(f"{BEGINNING} {rest}")
