"""Whether a rationale, read alone, favours the response that the label prefers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.rationales.judged.asking import ask
from prefdata.rationales.judged.outcomes import outcomes, rounded
from prefdata.rationales.judged.wording import stance as asked

if TYPE_CHECKING:
    import polars as pl

    from prefdata.rationales.judged.asking import Judge, Opinion
    from prefdata.rationales.judged.outcomes import Outcome

__all__ = ["FAVOURS", "STANCE", "stance"]

STANCE = "stance"
FAVOURS = "favours"
"""Column of what a text is known to favour, x or y, where that is not the label, as in controls.
Only an estimate of the price reads it."""
_CHOICES = ("X", "Y", "N")


def stance(rows: pl.DataFrame, judge: Judge) -> pl.DataFrame:
    """Ask which handle each rationale favours; the judge sees nothing but the text.

    The value is the probability of the handle that the label prefers; it passes where that is
    what the judge says. A note that favours neither fails.

    Args:
        rows: Rationales with their pairs, as `CHECKED`.
        judge: Who is asked.

    References:
        Check M1.
    """
    known = rows[FAVOURS if FAVOURS in rows.columns else "preferred"]
    expected = known.str.to_uppercase().to_list()
    questions = [asked(text) for text in rows["text"]]
    opinions = ask(questions, _CHOICES, judge, purpose="stance", expected=expected)
    labels = rows["preferred"].str.to_uppercase()
    # A loop over rows follows a request for each.
    found = [_outcome(opinion, label) for opinion, label in zip(opinions, labels, strict=True)]
    return outcomes(rows, STANCE, found)


def _outcome(opinion: Opinion, label: str) -> Outcome:
    if opinion.verdict is None:
        return None, None, opinion.detail
    said = "neither" if opinion.verdict == "N" else opinion.verdict
    return rounded(opinion.shares[label]), opinion.verdict == label, f"favours {said}"
