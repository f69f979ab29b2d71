"""What people who fill in sheets need to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.handoffs._scale import LEVELS, SKIP

if TYPE_CHECKING:
    from prefdata.handoffs._shown import Asked

__all__ = ["readme"]


def readme(n_sheets: int, asked: Asked) -> str:
    """Say how sheets are filled in and sent back."""
    words = "\n".join(f"| `{level.value}` | {level.text} |" for level in LEVELS)
    more = []
    if asked.with_confidence:
        more.append("- `confidence`: how sure you are, from 1 (a guess) to 5 (certain).")
    if asked.with_comment:
        more.append("- `comment`: only if there is something to say.")
    also = "\n".join(more)
    return f"""\
# Sheets to fill in

{n_sheets} sheets. Each holds one judgment of each of its tasks: give each sheet to another person,
so that nobody sees what others chose.

> {asked.guidelines}

In each line fill in

- `choice`: one of the words below, or `{SKIP}`;
- `annotator`: a short name that is the same in all your lines, and that is no e-mail address.
{also}

| choice | means |
|---|---|
{words}
| `a`, `b` | A or B is better, without saying how much |
| `{SKIP}` | you cannot judge; this is no tie |

Leave the other columns alone, above all `comparison_id`. Lines may be sorted, and lines that are
empty count as not done yet. An apostrophe at the beginning of a text is not part of it: it keeps
the spreadsheet from running the text as a formula, or making a number or a date of it. Excel shows
no more than 32,767 characters of a text; open sheets with longer ones in LibreOffice.

Save as CSV; commas, semicolons and tabs will all do. Then `prefdata annotate import sheet-1.csv`.
Fill in `answered_at` (such as 2026-01-31T12:00) in a column of your own if you send a corrected
sheet after another: the later time counts.
"""
