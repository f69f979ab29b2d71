"""Copies of a prompt in four kinds, from the same bytes to the same sentences in another order.

| kind | the copy |
|---|---|
| ``exact`` | has the same words and bytes |
| ``case-space`` | differs in case, white space or Unicode form, and in nothing else |
| ``one-word`` | has one word replaced, one more, or one less |
| ``reorder`` | has the same sentences in another order; of a single one, its clauses or words |
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["KINDS", "Kind", "copy_of", "kinds", "repeat"]

Kind = Literal["exact", "case-space", "one-word", "reorder"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of planted copies, the easiest to find first."""

_SENTENCE_END = re.compile(r"(?<=[.?!।])\s+")
_MARKS = ".?!।,;:"
_FEW_WORDS = 3
_WAYS = ("replace", "insert", "drop")
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_LIGATURES = {"ffi": "ﬃ", "ffl": "ﬄ", "ff": "ﬀ", "fi": "ﬁ", "fl": "ﬂ"}


def kinds(count: int, start: int = 0) -> list[Kind]:
    """Return as many kinds as wanted, in turn, so that each occurs equally often."""
    return [KINDS[(start + index) % len(KINDS)] for index in range(count)]


def copy_of(text: str, kind: Kind, number: int, fillers: Sequence[str]) -> str:
    """Copy a prompt in the way of a kind.

    Args:
        text: At least two words, which are not all the same if the kind is ``reorder``.
        kind: How the copy may differ; it does differ unless the kind is ``exact``.
        number: Which of the ways of that kind; copies of successive numbers vary.
        fillers: Words to put in, in the language of the text.

    Raises:
        ValueError: If the text has no order to change.
    """
    match kind:
        case "exact":
            return text
        case "case-space":
            return _case_space(text, number)
        case "one-word":
            return _one_word(text, number, fillers)
        case "reorder":
            return _reorder(text, number)


def repeat(
    prompts: list[str],
    rows: Sequence[int],
    of_rows: Sequence[int],
    copied: Sequence[Kind],
    fillers: Sequence[str],
) -> None:
    """Put copies in the place of some prompts.

    Args:
        prompts: Changed in place.
        rows: What is replaced.
        of_rows: The original of each; none of them is replaced.
        copied: The kind of each copy.
        fillers: Words to put in, in the language of the prompts.
    """
    # Each way of a kind takes its turn after all kinds have had theirs.
    for index, (row, of_row, kind) in enumerate(zip(rows, of_rows, copied, strict=True)):
        prompts[row] = copy_of(prompts[of_row], kind, index // len(KINDS), fillers)


def _normal(text: str) -> str:
    """Return what is left of a text when case, white space and Unicode form do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def _case_space(text: str, number: int) -> str:
    ways: tuple[Callable[[str], str], ...] = (
        str.lower,
        lambda t: t.replace(" ", "  "),
        _full_width,
        str.upper,
        lambda t: _SENTENCE_END.sub("\n", t),
        _other_form,
    )
    copy = ways[number % len(ways)](text)
    # Not every script has case or ligatures, and not every capital has a way back.
    is_same = _normal(copy) == _normal(text)
    return copy if is_same and copy != text else f"{text} ".replace(" ", "\t")


def _full_width(text: str) -> str:
    """Write the first sentence as East Asian keyboards may do."""
    first, *rest = _SENTENCE_END.split(text, maxsplit=1)
    return " ".join([first.translate(_FULL_WIDTH), *rest])


def _other_form(text: str) -> str:
    """Take letters and accents apart, and put letters together as typesetters do."""
    copy = unicodedata.normalize("NFD", text)
    for letters, ligature in _LIGATURES.items():
        copy = copy.replace(letters, ligature)
    return copy


def _one_word(text: str, number: int, fillers: Sequence[str]) -> str:
    words = text.split(" ")
    way, filler = _WAYS[number % len(_WAYS)], fillers[number // len(_WAYS) % len(fillers)]
    if len(words) < _FEW_WORDS:
        return f"{text} {filler}"
    # Marks stay where they are, so that sentences do not run into each other.
    inner = range(1, len(words) - 1)
    plain = [at for at in inner if words[at][-1:] not in _MARKS and words[at] != filler]
    at = plain[(7 * number + len(text)) % len(plain)] if plain else len(words) - 1
    new = [] if way == "drop" else [filler]
    return " ".join([*words[:at], *new, *words[at + (way != "insert") :]])


def _reorder(text: str, number: int) -> str:
    splits = ((_SENTENCE_END.split(text), " "), (text.split(", "), ", "), (text.split(), " "))
    for parts, glue in splits:
        orders = [parts[first:] + parts[:first] for first in range(1, len(parts))]
        orders.append(parts[::-1])
        for step in range(len(orders)):
            copy = glue.join(orders[(number + step) % len(orders)])
            if _normal(copy) != _normal(text):
                return copy
    raise ValueError(f"there is no order to change in {text!r}")
