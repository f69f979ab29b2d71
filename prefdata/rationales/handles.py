"""X and Y, the names under which a rationale speaks of two responses.

A handle is a capital X or Y that stands alone: not part of a word, a number, a formula or a name
such as X-ray, and not inside code or a quotation, which are somebody else's words. A quotation or
a piece of code that is nothing but the letter names the response too. Scripts that write without
spaces between words are read as well: a handle may touch Chinese, Japanese, Korean, Thai, Arabic
or Hebrew letters, only not Latin, Greek or Cyrillic ones.

What is read as a handle depends on what stands around it, and never on whether it is X or Y;
so swapping twice gives the text back.
"""

from __future__ import annotations

import re
from itertools import repeat
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.fingerprint import digest
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "HANDLES",
    "MASK",
    "find_handles",
    "is_chosen_x",
    "mask_handles",
    "rename_handles",
    "swap_handles",
]

HANDLES = ("X", "Y")
"""The names of the two responses."""

MASK = "▢"
"""What stands for both handles where nobody may see which is meant; no letter of any script."""

# Letters of scripts that join names into words, digits, marks that combine, and what is set
# above and below the line.
_WORD = "0-9_A-Za-zªµºÀ-ÖØ-öø-ʯ\u0300-\u036fͰ-ϿЀ-ԯԱ-ֆḀ-ỿἀ-ῼ²³¹⁰-ₜ"
_JOINT = r"[.\-\u2010\u2011]"
_NO_WORD = rf"(?<![{_WORD}])"
_BEFORE = rf"{_NO_WORD}(?<![#@$\\^=≠≈])(?<![=≠≈]\s)(?<![{_WORD}]{_JOINT})"
_AFTER = rf"(?![{_WORD}^$]|{_JOINT}[{_WORD}]|\s?[=≠≈])"
_OPENING = "[\"“„«»\u2039「『`'\u2018]"
_CLOSING = "[\"”“»«\u203a」』`'’]"
_SPANS = (
    r"```[\s\S]*?```",
    r"``[^\n]*?``",
    r"`[^`\n]*`",
    r'"[^"\n]*"',
    r"“[^”\n]*”",
    r"„[^“”\n]*[“”]",
    r"«[^»\n]*»",
    r"»[^«\n]*«",
    r"\u2039[^\u203a\n]*\u203a",
    r"「[^」\n]*」",
    r"『[^』\n]*』",
    # Single quotes are apostrophes as well: they open after no letter, and close before none.
    rf"\u2018[^\u2018\n]*?’(?![{_WORD}])",
    rf"{_NO_WORD}'(?=\S)[^\n]*?(?<=\S)'(?![{_WORD}])",
)


def _handles(names: tuple[str, str]) -> re.Pattern[str]:
    """Return a pattern whose last group is a handle; what is skipped has no group."""
    name = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    alone = rf"{_NO_WORD}{_OPENING}\s?(?P<alone>{name})\s?{_CLOSING}(?![{_WORD}])"
    handle = rf"{_BEFORE}(?P<handle>{name}){_AFTER}"
    return re.compile("|".join((alone, *_SPANS, handle)))


_PATTERN = _handles(HANDLES)


def find_handles(text: str) -> list[tuple[int, str]]:
    """Return where the handles of a text stand, in order, and which each is.

    Args:
        text: A rationale.

    Returns:
        Offset in characters, and ``X`` or ``Y``.
    """
    return [(m.start(m.lastgroup), m[m.lastgroup]) for m in _PATTERN.finditer(text) if m.lastgroup]


def is_chosen_x(pair_ids: pl.Series, *, seed: int, sample: int, attempt: int) -> pl.Series:
    """Draw for each pair whether its chosen response is called X.

    It is drawn from the id of the pair and the seed, for half of the pairs each. The next sample,
    and the next attempt, of a pair has it the other way round: where the order decides what a
    model writes, another try shows it.

    Args:
        pair_ids: Ids of pairs.
        seed: Of the recipe.
        sample: Number of the sample, from 0.
        attempt: Number of the attempt, from 1.
    """
    salt = digest(["is-chosen-x", seed])
    hashes = hash_tuple(pl.DataFrame({"pair_id": pair_ids}), pl.lit(salt), "pair_id")
    drawn = hashes.str.slice(0, 1).str.to_integer(base=16, dtype=pl.Int64) % 2
    return (((drawn + sample + attempt) % 2) == 0).alias("is_chosen_x")


def swap_handles(texts: pl.Series) -> pl.Series:
    """Call X what was called Y, and the other way round; nulls stay null.

    Args:
        texts: Rationales.
    """
    return rename_handles(texts, "Y", "X")


def mask_handles(texts: pl.Series) -> pl.Series:
    """Put `MASK` for both handles; nulls stay null.

    Args:
        texts: Rationales.
    """
    return rename_handles(texts, MASK, MASK)


def rename_handles(
    texts: pl.Series,
    x: str | pl.Series,
    y: str | pl.Series,
    *,
    names: tuple[str, str] = HANDLES,
) -> pl.Series:
    """Give the two responses other names, both at once; nulls stay null.

    Args:
        texts: Rationales.
        x: What X is called now, for all texts or for each.
        y: What Y is called now.
        names: What they are called so far; for the way back.

    Raises:
        ValueError: If there are names for each text, and not as many as texts.
    """
    if any(isinstance(new, pl.Series) and new.len() != texts.len() for new in (x, y)):
        message = f"there are {texts.len()} texts, and not as many names"
        raise ValueError(message)
    pattern = _PATTERN if names == HANDLES else _handles(names)
    of_x, of_y = _each(x), _each(y)
    # A loop over rows: what is no handle is told by what stands around it, which the patterns
    # of polars cannot look at.
    renamed = [
        None if text is None else _renamed(pattern, text, {names[0]: to_x, names[1]: to_y})
        for text, to_x, to_y in zip(texts, of_x, of_y, strict=False)
    ]
    return pl.Series(texts.name, renamed, dtype=pl.String)


def _each(names: str | pl.Series) -> Iterable[str]:
    return repeat(names) if isinstance(names, str) else names


def _renamed(pattern: re.Pattern[str], text: str, new: dict[str, str]) -> str:
    def put(match: re.Match[str]) -> str:
        if match.lastgroup is None:
            return match[0]
        start, end = (at - match.start() for at in match.span(match.lastgroup))
        return match[0][:start] + new[match[match.lastgroup]] + match[0][end:]

    return pattern.sub(put, text)
