"""Whether what a rationale says fits the response that it names, in both orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.handles import rename_handles
from prefdata.rationales.judged.asking import ask
from prefdata.rationales.judged.outcomes import outcomes, rounded
from prefdata.rationales.judged.wording import grounding as asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.protocols import Message
    from prefdata.rationales.judged.asking import Judge, Opinion
    from prefdata.rationales.judged.outcomes import Outcome

__all__ = ["GROUNDING", "ORDER_GAP", "PLACES", "as_p_and_q", "grounding", "labelled"]

GROUNDING = "grounding"
ORDER_GAP = "order-gap"
PLACES = ("A", "B")
"""The names under which a judge sees two responses."""


def as_p_and_q(rows: pl.DataFrame) -> pl.Series:
    """Return the rationales with their handles renamed: P is what the label prefers, Q the other.

    Args:
        rows: Rationales with their pairs, as `CHECKED`.
    """
    is_x = rows["preferred"] == "x"
    p_first = pl.select(x=pl.when(is_x).then(pl.lit("P")).otherwise(pl.lit("Q")))["x"]
    p_last = pl.select(y=pl.when(is_x).then(pl.lit("Q")).otherwise(pl.lit("P")))["y"]
    return rename_handles(rows["text"], p_first, p_last)


def labelled(preferred: str) -> tuple[str, str]:
    """Return the place of the labelled response when X is shown as A, and when it is shown as B."""
    return ("A", "B") if preferred == "x" else ("B", "A")


def grounding(
    rows: pl.DataFrame, judge: Judge, *, each: float, mean: float, gap: float
) -> pl.DataFrame:
    """Ask which response each rationale is about when it says P, in both orders.

    Two checks come of it. ``grounding``: the mean of the two probabilities of the right one; it
    passes where both are above ``each`` and the mean is at least ``mean``. ``order-gap``: how far
    the two are apart; it passes up to ``gap``.

    Args:
        rows: Rationales with their pairs, as `CHECKED`.
        judge: Who is asked.
        each: What both probabilities must be above.
        mean: The least mean.
        gap: The greatest difference.

    References:
        Checks M2 and M4.
    """
    expected = [place for preferred in rows["preferred"] for place in labelled(preferred)]
    opinions = ask(_questions(rows), PLACES, judge, purpose="grounding", expected=expected)
    grounded, gaps = [], []
    # A loop over rows follows two requests for each.
    for number, preferred in enumerate(rows["preferred"]):
        pair = opinions[2 * number : 2 * number + 2]
        if any(opinion.verdict is None for opinion in pair):
            unread: Outcome = (None, None, _why(pair))
            grounded.append(unread)
            gaps.append(unread)
            continue
        p1, p2 = (o.shares[at] for o, at in zip(pair, labelled(preferred), strict=True))
        average, apart = rounded((p1 + p2) / 2), rounded(abs(p1 - p2))
        told = f"{p1:.3f} with X as A, {p2:.3f} with X as B"
        grounded.append((average, min(p1, p2) > each and average >= mean, told))
        gaps.append((apart, apart <= gap, told))
    return pl.concat([outcomes(rows, GROUNDING, grounded), outcomes(rows, ORDER_GAP, gaps)])


def _questions(rows: pl.DataFrame) -> list[tuple[Message, ...]]:
    """Return two questions for each rationale, next to each other: X as A, and X as B."""
    texts = rows.select("prompt_text", "x_text", "y_text").with_columns(note=as_p_and_q(rows))
    found = []
    for prompt, x, y, note in texts.iter_rows():
        found += [asked(prompt, x, y, note), asked(prompt, y, x, note)]
    return found


def _why(pair: Sequence[Opinion]) -> str | None:
    return next((opinion.detail for opinion in pair if opinion.verdict is None), None)
