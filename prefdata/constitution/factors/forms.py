r"""The form in which words are counted, and the regular expressions that find them.

In the normal form letters are lower case, a curly apostrophe is a straight one, and every run of
characters that belong to no word is two spaces, as are both ends. A phrase is found with one space
on either side of it. As two spaces part any two words, adjacent phrases share none, so a plain
alternation counts whole words exactly, without ``\b``, and the same in each engine of regular
expressions. Which characters belong to words is written out as ranges, so that no version of
Unicode has a say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BETWEEN",
    "GAP",
    "OPENING",
    "SENTENCE_END",
    "negated_phrases",
    "normal_form",
    "phrases",
    "spelt",
]

GAP = "  "
"""What stands between words, and at both ends."""

_OF_WORDS = (
    "0-9'a-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0300-\u1fff"
    "\u2c00-\u2dff\u3005-\u3007\u3041-\ud7ff\uf900-\ufdff\ufe70-\ufefe\uff10-\uff19"
    "\uff21-\uff3a\uff41-\uff5a\uff66-\uffdc\U00010000-\U0001efff\U00020000-\U000323af"
)

BETWEEN = f"[^ {_OF_WORDS}][^{_OF_WORDS}]*"
"""What stands between words where it is more than spaces: punctuation, signs, and pictures."""

SENTENCE_END = (
    "[\u3002\uff01\uff1f]|[.!?\u2026][\"'\u201d\u2019)\\]*]*(?:[ \n]|$)"
    "|[^ \t\n.!?\u2026\u3002\uff01\uff1f][ \t]*(?:\n|$)"
)
"""The end of a sentence: its full stop, or the end of a line that has none."""

OPENING = "^(?:[^.!?\n\u3002\uff01\uff1f]*[.!?\n\u3002\uff01\uff1f]+){2}"
"""The first two sentences of a text that has two."""

_NOTHING = r"[^\s\S]"


def normal_form(text: pl.Expr) -> pl.Expr:
    """Return texts in the form in which words are counted; null stays null."""
    lower = text.str.to_lowercase().str.replace_all("\u2019", "'", literal=True)
    padded = pl.concat_str(pl.lit(" "), lower, pl.lit(" "))
    # Most gaps are one plain space, which is left alone until the end: it is the faster so.
    single = padded.str.replace_all(BETWEEN, " ").str.replace_all(" {2,}", " ")
    return single.str.replace_all(" ", GAP, literal=True)


def spelt(terms: Sequence[str]) -> list[str]:
    """Return terms as they stand in the normal form, without the spaces at both ends.

    Args:
        terms: Words and phrases; one that ends in a star stands for all words that begin so.
    """
    texts = pl.Series("term", list(terms), dtype=pl.String).to_frame()
    bare = texts.select(normal_form(pl.col("term")).str.strip_chars(" ")).to_series().to_list()
    return [
        f"{text}*" if term.endswith("*") else text for term, text in zip(terms, bare, strict=True)
    ]


def phrases(terms: Sequence[str]) -> str:
    """Return the regular expression that finds any of some terms in the normal form."""
    return f" (?:{_either(terms)}) "


def negated_phrases(terms: Sequence[str], negators: Sequence[str], window: int) -> str:
    """Return the regular expression of a term after a negator.

    Args:
        terms: What is negated.
        negators: Words such as ``not``.
        window: Words that may stand between the two, at most.
    """
    return f" (?:{_either(negators)}){GAP}(?:[^ ]+{GAP}){{0,{window}}}(?:{_either(terms)}) "


def _either(terms: Sequence[str]) -> str:
    """Join terms, the longest first, so that a phrase goes before the word it begins with."""
    if not terms:
        return _NOTHING
    found = sorted(dict.fromkeys(spelt(terms)), key=lambda term: (-len(term), term))
    return "|".join(
        f"{re.escape(term[:-1])}[^ ]*" if term.endswith("*") else re.escape(term) for term in found
    ).replace(r"\ ", " ")
