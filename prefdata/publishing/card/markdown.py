"""Markdown from strings that nobody vouches for: whatever they hold, they stay text.

Names of sources, known defects, citations, rules and models come from datasets. In a card they may
neither end a table cell, nor open a tag or a link, nor look like one of our own marks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "NOT_KNOWN",
    "NOT_STATED",
    "bullets",
    "code",
    "fenced",
    "inline",
    "link",
    "number",
    "prose",
    "quoted",
    "table",
]

NOT_KNOWN = "not known"
NOT_STATED = "not stated by the publisher"

# Letters of commands, and those that turn the direction of text, which hide what is written.
_HIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# What makes a heading, a rule, an item or a numbered item of a line that begins with it.
_BLOCK_START = re.compile(r"([#+\-=])|(\d{1,9})([.)])(?=\s|$)")
_URL = re.compile(r"https?://[^\s<>\"'`\\|\x00-\x20]+")


def inline(text: str) -> str:
    """Return text for one line of Markdown: a renderer shows its words, and nothing else."""
    flat = " ".join(_HIDDEN.sub(" ", text).split()).translate(_HTML)
    safe = _SPECIAL.sub(r"\\\g<0>", flat)
    start = _BLOCK_START.match(safe)
    if start is None:
        return safe
    if start[1]:
        return f"\\{safe}"
    return f"{start[2]}\\{safe[start.start(3) :]}"


def code(text: str) -> str:
    """Return a code span, also for cells of tables."""
    flat = " ".join(_HIDDEN.sub(" ", text).split())
    if not flat:
        return ""
    # A table cell ends at a bar even in a code span, and reads a backslash before one only.
    if "|" in flat:
        return f"<code>{inline(flat)}</code>"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", flat)), default=0))
    pad = " " if flat[0] == "`" or flat[-1] == "`" else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def link(text: str, url: str | None) -> str:
    """Return a link, or the text alone where there is no address on the web."""
    if url is None or not _URL.fullmatch(url):
        return inline(text)
    target = f"<{url}>" if "(" in url or ")" in url else url
    return f"[{inline(text)}]({target})"


def number(value: int) -> str:
    """Return a count, with a comma after thousands."""
    return f"{value:,}"


def bullets(items: Iterable[str]) -> str:
    """Return a list of lines that are Markdown already."""
    return "\n".join(f"- {item}" for item in items)


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[str] = ()
) -> str:
    """Return a table of cells that are Markdown already.

    Args:
        head: Names of the columns.
        rows: Cells, as many as columns.
        numbers: Columns that stand to the right.
    """
    rules = ["---:" if name in numbers else "---" for name in head]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rules, *rows])


def fenced(text: str, language: str = "") -> str:
    """Return lines as they are, in a fence that nothing in them closes."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{_HIDDEN.sub(' ', text).strip(chr(10))}\n{fence}"


def prose(text: str, *, otherwise: str = "Not stated.") -> str:
    """Return what the author of the recipe wrote, who may use Markdown, but not our marks."""
    written = _HIDDEN.sub(" ", text).strip()
    return written.replace("<!--", "&lt;!--") if written else otherwise


def quoted(text: str) -> str:
    """Return a block of quotation."""
    return "\n".join(f"> {line}".rstrip() for line in prose(text).splitlines())
