"""Whether each thing that a rationale says of one response is borne out by it."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.handles import find_handles
from prefdata.rationales.judged.asking import ask
from prefdata.rationales.judged.outcomes import outcomes, rounded
from prefdata.rationales.judged.wording import claim as asked

if TYPE_CHECKING:
    from prefdata.rationales.judged.asking import Judge, Opinion
    from prefdata.rationales.judged.outcomes import Outcome

__all__ = ["CLAIMS", "claims", "points"]

CLAIMS = "claims"
_CHOICES = ("S", "F", "U")
_KIND = "specific"
# A full stop ends a sentence where a space and no small letter follows: neither in `3.5` nor where
# a quotation ends and the sentence goes on. The wide ones of Chinese and Japanese need no space.
_END = re.compile(
    r"(?:(?<=[.!?])|(?<=[.!?][\"'”’»)\]]))\s+(?![a-zß-öø-ÿ])|(?<=[。\uff01\uff1f])|\n+"
)


def points(text: str) -> list[tuple[str, str]]:
    """Return what a rationale says of one response alone: its handle, and the sentence.

    Sentences that name both handles, or none, compare or conclude; no single response bears them
    out.

    Args:
        text: A rationale.
    """
    found = []
    for sentence in _END.split(text):
        handles = {handle for _, handle in find_handles(sentence)}
        if len(handles) == 1:
            found.append((handles.pop(), sentence.strip()))
    return found


def claims(rows: pl.DataFrame, judge: Judge, *, share: float) -> pl.DataFrame:
    """Check each sentence of a specific rationale on one response against that response.

    The value is the share of sentences that are borne out; it passes from ``share``. Rationales
    of other kinds, and those without such a sentence, have nothing to check and no row.

    Args:
        rows: Rationales with their pairs, as `CHECKED`.
        judge: Who is asked.
        share: The least share.

    References:
        Check M6.
    """
    texts = rows.filter(pl.col("kind") == _KIND).select(
        "rationale_id", "prompt_text", "x_text", "y_text", "text"
    )
    found: dict[str, list[tuple[str, Opinion]]] = defaultdict(list)
    said, questions = [], []
    for rationale_id, prompt, x, y, text in texts.iter_rows():
        # Points of one response next to each other: they share its text.
        for handle, sentence in sorted(points(text), key=lambda point: point[0]):
            said.append((rationale_id, sentence))
            questions.append(asked(prompt, x if handle == "X" else y, handle, sentence))
    opinions = ask(questions, _CHOICES, judge, purpose="claims", expected=["S"] * len(questions))
    for (rationale_id, sentence), opinion in zip(said, opinions, strict=True):
        found[rationale_id].append((sentence, opinion))
    checked = rows.filter(pl.col("rationale_id").is_in(list(found)))
    results = [_outcome(found[rationale_id], share) for rationale_id in checked["rationale_id"]]
    return outcomes(checked, CLAIMS, results)


def _outcome(found: list[tuple[str, Opinion]], share: float) -> Outcome:
    if any(opinion.verdict is None for _, opinion in found):
        return None, None, "the judge's answer could not be read"
    missed = [sentence for sentence, opinion in found if opinion.verdict != "S"]
    borne = rounded(1 - len(missed) / len(found))
    return borne, borne >= share, f"not borne out: {missed[0]}" if missed else None
