"""Where a text names a response by its letter or number, and what to call it instead.

A mention is clear when the letter can be nothing else: after a word for a response ("Response A",
"l'opzione C", "Response 2"), in a list ("B and D"), after a verb of choice ("I chose B"), or
before a verb ("B is shorter"). The letter A alone before a verb is an article or a verb in four
of five languages, lower-case letters are words in French, and letters that the prompt or a
response uses for options of its own may mean those: such mentions are unclear, and left as they
are. So are places in words ("the second answer"), which may mean an earlier turn.

Texts with clear mentions are *marked*: each mention stands between private-use characters, with
the index of the response, and with what a third response is called there. So a text is read once,
however many pairs it is brought to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import polars as pl

from prefdata.stages._native_rationales.patterns import (
    CAPITAL,
    ENDS,
    MAY_NAME,
    OPENERS,
    Patterns,
    patterns,
)
from prefdata.stages._native_rationales.words import ANOTHER, ARTICLES, DEVANAGARI, LANGUAGES

__all__ = ["MENTIONS", "N_PLACES", "has_letters", "may_name", "resolve", "scan"]

N_PLACES = 4
"""Letters A to D and numbers 1 to 4 are places; more are not looked for."""

MENTIONS: dict[str, pl.DataType] = {
    "marked": pl.String(),
    "clear": pl.List(pl.String()),
    "unclear": pl.List(pl.String()),
}
"""Columns of `scan`: the marked text (null where nothing is clear), and the words of mentions."""

_BEGIN, _OTHER, _END = "\ue0f0", "\ue0f1", "\ue0f2"
_MARKS = tuple(chr(0xE000 + index) for index in range(N_PLACES))
_PRIVATE = re.compile("[\ue000-\ue0ff]")
_STARTS = re.compile(r"(?:^|[.!?।\n]\s*)$")


def may_name(texts: pl.Expr) -> pl.Expr:
    """Return whether texts may name a response; those that do not need no `scan`."""
    return texts.str.contains(MAY_NAME)


def has_letters(texts: pl.Expr) -> pl.Expr:
    """Return whether texts have capitals B to D alone, as a quiz does that letters its options."""
    return texts.str.contains(r"(?:^|[^\w'’.+#-])[B-D](?:[.):,;!?\s]|$)")


def scan(texts: pl.Series, languages: pl.Series, is_taken: pl.Series) -> pl.DataFrame:
    """Find the mentions of responses in texts.

    Args:
        texts: Texts, without nulls.
        languages: ISO 639-1, or null.
        is_taken: Whether the prompt or a response uses the letters itself.

    Returns:
        Columns of `MENTIONS`.
    """
    rows: dict[str, list[str | None] | list[list[str]]] = {
        "marked": (marked := []),
        "clear": (clear := []),
        "unclear": (unclear := []),
    }
    # A loop over rows: what a letter means is told by what stands around it, which the patterns
    # of polars cannot look at. `may_name` leaves few texts.
    for text, language, is_ambiguous in zip(texts, languages, is_taken, strict=True):
        known = language if language in LANGUAGES else "en"
        found = _find(text, known, is_taken=bool(is_ambiguous))
        marked.append(_marked(text, found) if found.spans else None)
        clear.append(found.clear)
        unclear.append(found.unclear)
    return pl.DataFrame(rows, schema=MENTIONS)


def resolve(texts: pl.DataFrame) -> pl.Series:
    """Call the responses of marked texts X and Y, and every other one in words.

    Args:
        texts: Columns ``marked``, ``x_place`` and ``y_place``: 0-based places of the two.
    """
    text = pl.col("marked")
    for index, mark in enumerate(_MARKS):
        third = rf"{_BEGIN}[^{_OTHER}]*{mark}[^{_OTHER}]*{_OTHER}([^{_END}]*){_END}"
        is_third = (pl.col("x_place") != index) & (pl.col("y_place") != index)
        text = pl.when(is_third).then(text.str.replace_all(third, "$1")).otherwise(text)
    text = text.str.replace_all(rf"{_BEGIN}([^{_OTHER}]*){_OTHER}[^{_END}]*{_END}", "$1")
    for index, mark in enumerate(_MARKS):
        handle = pl.when(pl.col("x_place") == index).then(pl.lit("X")).otherwise(pl.lit("Y"))
        text = text.str.replace_all(mark, handle, literal=True)
    return texts.select(text=text).to_series()


@dataclass(slots=True)
class _Span:
    begin: int
    end: int
    text: str
    """With a mark in the place of the name."""
    other: str
    """What stands there when a third response is meant."""


@dataclass(slots=True)
class _Found:
    spans: list[_Span] = field(default_factory=list)
    clear: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    covered: list[tuple[int, int]] = field(default_factory=list)

    def is_free(self, begin: int, end: int) -> bool:
        return all(end <= first or last <= begin for first, last in self.covered)

    def leave(self, begin: int, end: int, text: str) -> None:
        self.covered.append((begin, end))
        self.unclear.append(text[begin:end].strip())


def _find(text: str, language: str, *, is_taken: bool) -> _Found:
    found = _Found()
    if _PRIVATE.search(text):
        return found
    ways = patterns(language)
    for match in ways.place.finditer(text):
        found.leave(*match.span(), text)
    _find_nouned(text, language, ways, found, is_taken=is_taken)
    _find_lone(text, language, ways, found, is_taken=is_taken)
    return found


def _find_nouned(
    text: str, language: str, ways: Patterns, found: _Found, *, is_taken: bool
) -> None:
    for match in ways.nouned.finditer(text):
        group = "quoted" if match["quoted"] else "name"
        begin, end = match.start("noun"), match.end(group)
        if not found.is_free(begin, end):
            continue
        is_sure = _is_sure(match, text, language, ways)
        if is_sure is None:
            continue
        if not is_sure or (is_taken and not match["own"]):
            found.leave(begin, end, text)
            continue
        article = re.sub(r"\s+", " ", match["article"] or "").lower()
        first = match.start("article") if article else begin
        last = end + 1 if match["quoted"] and text[end] == OPENERS[match["gap"][-1]] else end
        prefix = (ARTICLES["en"] | ARTICLES[language]).get(article, "")
        _add(found, text, (first, last), match.span(group), prefix + ANOTHER[language])
        _follow(text, language, ways, found, last, is_number=match[group].isdigit())


def _follow(
    text: str, language: str, ways: Patterns, found: _Found, at: int, *, is_number: bool
) -> None:
    """Take the names that are joined to one: "responses A, B and D"."""
    while (match := ways.more.match(text, at)) and match["name"].isdigit() == is_number:
        _add(found, text, match.span("name"), match.span("name"), ANOTHER[language])
        at = match.end()


def _is_sure(match: re.Match[str], text: str, language: str, ways: Patterns) -> bool | None:
    """Return whether a name after a noun is one; None where it is surely something else."""
    name, noun = match["quoted"] or match["name"], match["noun"]
    if match["quoted"] and not name.isdigit():
        return True
    after = match.end()
    has_end = bool(ENDS.match(text, after) or ways.verb.match(text, after))
    if name.isdigit():
        # "Answer 2 questions" is an order, and "Option 2" may be one of the prompt's own.
        is_name = "#" in match[0] or noun[0].isupper() or has_end
        return bool(match["own"]) if is_name else None
    if name in DEVANAGARI or name in "BCD":
        return True
    if name == "A":
        is_shouted = len(noun) > 1 and noun.isupper()
        return not is_shouted and (":" not in match[0] or has_end)
    if name == "a":
        # An article in English, and a verb or a preposition elsewhere.
        return False if has_end and language in {"en", "hi"} else None
    return language != "fr"


def _find_lone(text: str, language: str, ways: Patterns, found: _Found, *, is_taken: bool) -> None:
    if not is_taken:
        _find_listed(text, language, ways, found)
        for pattern in (ways.chosen, ways.saying, ways.lone):
            for match in pattern.finditer(text) if pattern else ():
                _take_lone(match, text, language, ways, found)
    for match in CAPITAL.finditer(text):
        if not match["blocker"] and found.is_free(*match.span("name")):
            found.leave(*match.span("name"), text)


def _find_listed(text: str, language: str, ways: Patterns, found: _Found) -> None:
    for match in ways.listed.finditer(text):
        names = [match.start("names") + m.start() for m in re.finditer("[A-D]", match["names"])]
        if not found.is_free(*match.span("names")):
            continue
        is_once = len({text[at] for at in names}) == len(names)
        if match["blocker"] or match["tests"] or not is_once:
            # "Vitamins B and D", an A/B test, and "B&B" are something else.
            found.covered.append(match.span())
            continue
        for at in names:
            _add(found, text, (at, at + 1), (at, at + 1), ANOTHER[language])


def _take_lone(
    match: re.Match[str], text: str, language: str, ways: Patterns, found: _Found
) -> None:
    span = match.span("name")
    if match.groupdict().get("blocker") or not found.is_free(*span):
        return
    is_sure = match["name"] != "A" or match.re is ways.lone
    if is_sure or (match.re is ways.chosen and ENDS.match(text, span[1])):
        _add(found, text, span, span, ANOTHER[language])
    else:
        found.leave(*span, text)


def _add(
    found: _Found, text: str, span: tuple[int, int], name: tuple[int, int], other: str
) -> None:
    begin, end = span
    said = text[name[0] : name[1]]
    letter = DEVANAGARI.get(said, said).upper()
    index = int(letter) - 1 if letter.isdigit() else ord(letter) - ord("A")
    if _STARTS.search(text, 0, begin):
        other = other[0].upper() + other[1:]
    marked = text[begin : name[0]] + _MARKS[index] + text[name[1] : end]
    found.covered.append(span)
    found.spans.append(_Span(begin, end, marked, other))
    found.clear.append(text[begin:end].strip())


def _marked(text: str, found: _Found) -> str:
    parts, at = [], 0
    for span in sorted(found.spans, key=lambda span: span.begin):
        parts += [text[at : span.begin], _BEGIN, span.text, _OTHER, span.other, _END]
        at = span.end
    return "".join((*parts, text[at:]))
