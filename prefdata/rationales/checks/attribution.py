"""Whose words a rationale says that it quotes: the handle that a quotation belongs to.

It is the handle right after the quotation ("… in X") or right before it ("Y's …"); else the subject
of the clause, for which the first handle in it is taken, or of the clauses before it in the
sentence; else the next handle in the sentence. A handle that something is only compared with
("clearer than Y") is passed over.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.rationales.lexicon import alternatives, lexicon_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.rationales.checks.quotations import Quotation

__all__ = ["Attribution", "attribute"]

_END = re.compile(r"[.!?…]+[\s*_)\]]+|[。\uff01\uff1f｡।॥؟\u06d4\n]")
_CLOSED = re.compile(r"[.!?…。\uff01\uff1f।]$")
_BREAK = re.compile(r"[,;:،؛\uff0c\uff1b\uff1a、—–(]")
_FILLER = "\x00"
# "Y's “…”": what is quoted right after a handle is its own, whatever it is compared with.
_HOLDS = re.compile(r"(?:['’]s?(?:\s+[^\s\x00]+){0,3})?[\s*_]*\x00")
_OWNS = re.compile(r"(?:['’]s?(?:\s+[^\s\x00]+){0,3})?[\s*_:]*\x00")
_ASIDE = re.compile(r",\s*(?![XY],)[^\s,\x00]+,")
_QUOTED = re.compile(r"\x00+")
_REACH = 60
_NEGATED_WORDS = 10


@dataclass(frozen=True, slots=True)
class Attribution:
    """What a rationale says of a quotation."""

    owner: str | None
    """``X`` or ``Y``; None where the sentence does not say."""
    is_missing: bool
    """Whether the rationale says that the words are *not* in the response."""


@dataclass(frozen=True, slots=True)
class _Cues:
    """The words of a language that decide, as patterns."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    relative: re.Pattern[str]
    glue: re.Pattern[str]
    negation: re.Pattern[str]
    negation_follows: re.Pattern[str]
    clause: re.Pattern[str]
    pronoun: re.Pattern[str]


def attribute(
    text: str,
    quotations: Sequence[Quotation],
    handles: Sequence[tuple[int, str]],
    language: str | None,
) -> list[Attribution]:
    """Tell for each quotation whose words it is said to be.

    Args:
        text: A rationale.
        quotations: Its quotations, in order.
        handles: Where its handles stand, in characters, and which each is; in order.
        language: ISO 639-1; English where it is not known.
    """
    cues = _cues(language if language and lexicon_of(language) else "en")
    masked = _masked(text, quotations)
    # A full stop inside a quotation ends the sentence where a capital follows.
    edges = [match.end() for match in _END.finditer(masked)]
    edges += [
        quote.end
        for quote in quotations
        if _CLOSED.search(quote.text) and re.match(r"\s+[^\W\d_a-zß-ÿ]|\s*$", text[quote.end :])
    ]
    edges.sort()
    held = [
        (at, handle)
        for at, handle in handles
        if not _is_aside(masked[max(at - _REACH, 0) : at], masked[at + 1 : at + _REACH], cues)
    ]
    return [_attribution(masked, quote, edges, held, cues) for quote in quotations]


def _attribution(
    masked: str,
    quote: Quotation,
    edges: Sequence[int],
    handles: Sequence[tuple[int, str]],
    cues: _Cues,
) -> Attribution:
    start = max((edge for edge in edges if edge <= quote.start), default=0)
    end = min((edge for edge in edges if edge >= quote.end), default=len(masked))
    rest = masked[quote.end : end]
    clauses = _clauses(masked, start, quote.start, cues)
    is_missing = bool(cues.negation_follows.match(rest)) or _denies(masked, clauses[-1], cues)
    after = [(at, handle) for at, handle in handles if quote.end <= at < end]
    glue = cues.glue.match(rest)
    if glue and after and after[0][0] <= quote.end + glue.end():
        return Attribution(after[0][1], is_missing)
    owner = _subject(masked, clauses, handles, quote.start, cues)
    if owner is None and after:
        owner = after[0][1]
    if owner is None and start and cues.pronoun.match(masked[start : quote.start]):
        earlier = max((edge for edge in edges if edge < start), default=0)
        owner = _subject(masked, [(earlier, start)], handles, quote.start, cues)
    return Attribution(owner, is_missing)


def _clauses(masked: str, start: int, end: int, cues: _Cues) -> list[tuple[int, int]]:
    """Cut the part of a sentence before a quotation into clauses, from first to last."""
    # What is set between two commas breaks no clause: "does not, sadly, say".
    part = _ASIDE.sub(lambda match: " " * len(match[0]), masked[start:end])
    found = [*_BREAK.finditer(part), *cues.clause.finditer(part), *_QUOTED.finditer(part)]
    # Of a word that joins, the space before it is matched too.
    cuts = sorted({start + match.end() for match in found})
    return list(itertools.pairwise([start, *cuts, end]))


def _subject(
    masked: str,
    clauses: Sequence[tuple[int, int]],
    handles: Sequence[tuple[int, str]],
    quoted_at: int,
    cues: _Cues,
) -> str | None:
    """Return the handle that the nearest clause with any is about."""
    for start, end in reversed(clauses):
        inside = [(at, handle) for at, handle in handles if start <= at < end]
        if inside:
            at, handle = inside[-1]
            owns = _OWNS.match(masked, at + 1)
            is_owner = owns is not None and owns.end() == quoted_at + 1
            return handle if is_owner or cues.relative.match(masked, at + 1) else inside[0][1]
    return None


def _denies(masked: str, clause: tuple[int, int], cues: _Cues) -> bool:
    """Tell whether the words before a quotation, in its clause, deny it."""
    words = " ".join(masked[slice(*clause)].split()[-_NEGATED_WORDS:])
    return bool(cues.negation.search(words))


def _is_aside(before: str, after: str, cues: _Cues) -> bool:
    """Tell whether a handle is only compared with, or only denied."""
    if _HOLDS.match(after) or cues.relative.match(after):
        return False
    return bool(cues.before.search(before) or cues.after.match(after))


def _masked(text: str, quotations: Sequence[Quotation]) -> str:
    parts, at = [], 0
    for quote in quotations:
        parts += [text[at : quote.start], _FILLER * (quote.end - quote.start)]
        at = quote.end
    return "".join([*parts, text[at:]])


@functools.cache
def _cues(language: str) -> _Cues:
    lexicon = lexicon_of(language)
    if lexicon is None:  # English ships; only a language that was asked for by name can miss.
        raise ValueError(language)
    # Python's edges of words do not know the marks of Indic scripts, so white space is asked for.
    edge = (
        (r"(?:^|[\s(\[*_/\"'’])", r"(?=$|[\s.,;:!?)*_\"']|[^\w\s])") if lexicon.spaced else ("", "")
    )

    def words(patterns: tuple[str, ...]) -> str:
        return f"{edge[0]}{alternatives(patterns)}{edge[1]}"

    def made(pattern: str) -> re.Pattern[str]:
        return re.compile(pattern, re.IGNORECASE)

    the = (
        r"(?:\s+(?:the|la|le|il|lo|a|o|el|der|die|das|response|answer|réponse|risposta|resposta))?"
    )
    return _Cues(
        before=made(rf"{words(lexicon.compared_before + lexicon.negation)}{the}[\s*_\"'“(]*$"),
        after=made(rf"[*_\"'”]*\s*{alternatives(lexicon.compared_after)}{edge[1]}"),
        relative=made(rf"[*_\"'”]*\s*[,(]?\s*{alternatives(lexicon.relative)}{edge[1]}"),
        glue=made(
            rf"[*_]*\s*,?\s*(?:{alternatives(lexicon.after_quote)})(?:{the}|\s+)[\s*_\"'“]*(?=[XY])"
        ),
        negation=made(words(lexicon.negation)),
        negation_follows=made(rf"\s*{alternatives(lexicon.negation_follows)}{edge[1]}"),
        clause=made(words(lexicon.clause)),
        pronoun=made(rf"\s*{alternatives(lexicon.pronoun)}{edge[1]}"),
    )
