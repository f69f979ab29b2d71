"""Cells that a spreadsheet shows as they are.

A cell that begins with ``=``, ``+``, ``-`` or ``@`` is run as a formula when the sheet is opened,
and so is one that begins with a tab or a line break before these. A cell that looks like a number,
a date or a truth is changed: ``3/4`` becomes a day in April, ``007`` becomes 7, and an id such as
``12e45`` a large number. Such cells get an apostrophe in front, and so do those that begin with an
apostrophe, so that taking it away gives the text back exactly.

References:
    OWASP, *CSV Injection*.
"""

from __future__ import annotations

import re

import polars as pl

__all__ = ["guarded", "unguarded"]

_GUARD = "'"
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# Spreadsheets run the wide signs of East Asian keyboards too.
_CHANGED = (
    r"(?i)^(?:['=+@\t\r\n＝＋－＠-]"  # noqa: RUF001
    r"|[0-9.,($€£¥][0-9\s.,:/%()$€£¥+-]*(?:e[0-9+-]+)?\s*(?:[ap]m?)?\s*$"
    rf"|(?:{_MONTHS})[a-z]*[\s.,/-]*[0-9][0-9\s,/-]*$"
    rf"|[0-9]{{1,4}}[\s.,/-]*(?:{_MONTHS})[a-z]*[\s.,/-]*[0-9]*$"
    r"|(?:true|false)\s*$)"
)
_IS_CHANGED = re.compile(_CHANGED)


def guarded(text: pl.Expr) -> pl.Expr:
    """Put an apostrophe before texts that a spreadsheet would run or change."""
    is_changed = text.str.contains(_CHANGED)
    return pl.when(is_changed).then(pl.concat_str(pl.lit(_GUARD), text)).otherwise(text)


def unguarded(text: str) -> str:
    """Take the apostrophe away that `guarded` put there.

    >>> unguarded("'=1+1"), unguarded("'3/4"), unguarded("'tis fine"), unguarded("-3")
    ('=1+1', '3/4', "'tis fine", '-3')
    """
    is_guarded = text.startswith(_GUARD) and _IS_CHANGED.match(text[1:])
    return text[1:] if is_guarded else text
