"""How much a rationale helps a judge to find the labelled response, and how much its opposite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from prefdata.rationales.judged.asking import ask
from prefdata.rationales.judged.grounding import PLACES, as_p_and_q, labelled
from prefdata.rationales.judged.outcomes import outcomes, rounded
from prefdata.rationales.judged.wording import preference

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from prefdata.rationales.judged.asking import Judge
    from prefdata.rationales.judged.outcomes import Outcome

__all__ = ["FLIP", "GAIN", "flip", "gain"]

GAIN = "gain"
FLIP = "flip"
_FLOOR = 0.01  # A choice that is not among the alternatives would cost infinitely much.


def gain(rows: pl.DataFrame, judge: Judge) -> pl.DataFrame:
    """Measure log p(label | prompt, responses, rationale) - log p(label | prompt, responses).

    The value is the mean over both orders, in nats; it never fails a rationale. At or below 0 the
    rationale adds nothing for this judge. The judge is asked which response is better; the
    rationale calls them P and Q, so it helps only as far as it fits them.

    Args:
        rows: Rationales with their pairs, as `CHECKED`.
        judge: Who is asked.

    References:
        Check M3.
    """
    plain = _label_logs(rows, [None] * rows.height, judge)
    helped = _label_logs(rows, list(as_p_and_q(rows)), judge)
    return outcomes(rows, GAIN, [_gained(*two) for two in zip(plain, helped, strict=True)])


def flip(rows: pl.DataFrame, flipped: pl.DataFrame, judge: Judge, *, least: float) -> pl.DataFrame:
    """Compare how far a judge follows each rationale and one written for the opposite label.

    The value is log p(label | rationale) - log p(opposite | its rationale), the mean over both
    orders, in nats. Where it is below ``least``, the opposite can be argued as convincingly: the
    pair is ambiguous, and the rationale says nothing for its label. It is the difference of the
    two gains for a judge that has no opinion of its own; with the gains themselves, a judge that
    is sure of the label would find every pair ambiguous, because only the opposite has room to
    gain.

    Args:
        rows: Rationales with their pairs, as `CHECKED`.
        flipped: Rationales for the opposite label, one for a pair and kind at most; ``preferred``
            is what they argue for.
        judge: Who is asked.
        least: The least difference, in nats.

    References:
        Check M5.
    """
    key = ["pair_id", "kind"]
    other = rows.select(*key).join(flipped, on=key, how="left", maintain_order="left")
    has_other = other["text"].is_not_null()
    ours = _label_logs(rows.filter(has_other), list(as_p_and_q(rows.filter(has_other))), judge)
    theirs = _label_logs(other.filter(has_other), list(as_p_and_q(other.filter(has_other))), judge)
    pairs = iter(zip(ours, theirs, strict=True))
    found = [
        _ambiguous(*next(pairs), least) if has else (None, None, "nothing was written for it")
        for has in has_other
    ]
    return outcomes(rows, FLIP, found)


def _label_logs(
    rows: pl.DataFrame, notes: Sequence[str | None], judge: Judge
) -> list[float | None]:
    """Return log p(label), the mean over both orders, with a note at hand or without."""
    questions = []
    texts = rows.select("prompt_text", "x_text", "y_text").iter_rows()
    for (prompt, x, y), note in zip(texts, notes, strict=True):
        questions += [preference(prompt, x, y, note), preference(prompt, y, x, note)]
    expected = [place for preferred in rows["preferred"] for place in labelled(preferred)]
    opinions = ask(questions, PLACES, judge, purpose="preference", expected=expected)
    found: list[float | None] = []
    for number, preferred in enumerate(rows["preferred"]):
        pair = opinions[2 * number : 2 * number + 2]
        if any(opinion.verdict is None for opinion in pair):
            found.append(None)
            continue
        shares = [o.shares[at] for o, at in zip(pair, labelled(preferred), strict=True)]
        found.append(sum(math.log(min(max(s, _FLOOR), 1 - _FLOOR)) for s in shares) / 2)
    return found


def _gained(plain: float | None, helped: float | None) -> Outcome:
    if plain is None or helped is None:
        return None, None, "the judge's answer could not be read"
    value = rounded(helped - plain)
    return value, None, None if value > 0 else "adds nothing for this judge"


def _ambiguous(ours: float | None, theirs: float | None, least: float) -> Outcome:
    if ours is None or theirs is None:
        return None, None, "the judge's answer could not be read"
    value = rounded(ours - theirs)
    told = f"follows it with log p {ours:.3f}, the opposite with {theirs:.3f}"
    return value, value >= least, told
