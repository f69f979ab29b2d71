"""A model that judges: ratings per aspect, an overall score that favours length, and its words.

The aspects see only quality. The overall score adds `LENGTH_BIAS` points per unit of `detail`, so
a regression of overall score on ratings and length finds the bias that was planted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prefdata.testing.world.counts import pick, planted
from prefdata.testing.world.planted import NOISE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.testing.world.values import Styles

__all__ = ["ASPECTS", "CRITIQUES", "LENGTH_BIAS", "RATIONALES", "Verdicts", "judge"]

ASPECTS = ("instruction_following", "honesty", "truthfulness", "helpfulness")
LENGTH_BIAS = 2.0
"""Points of overall score between the shortest and the longest responses of equal quality."""

_NOT_RATED = (3, 200)

RATIONALES = {
    1: (
        "The text misses the point of the instruction and adds claims that cannot be right.",
        "Large parts are wrong, and the tone is far too certain for what it says.",
        "Hardly anything here helps the user; the main request is left open.",
    ),
    2: (
        "Some of the request is met, but key requirements are overlooked.",
        "There are several errors, and the confidence does not match the content.",
        "The help is partial, with gaps that a reader has to fill alone.",
    ),
    3: (
        "The text follows the instruction in part, with a few deviations.",
        "Mostly right, yet it mixes facts with guesses and does not say which is which.",
        "The information is relevant but stays at the surface.",
    ),
    4: (
        "The text follows the instruction closely with small deviations.",
        "The statements hold up, and doubt is voiced in most of the right places.",
        "Clear, relevant and nearly complete; one more example would round it off.",
    ),
    5: (
        "The text follows every part of the instruction.",
        "All statements hold up, and the confidence fits them well.",
        "Clear, complete and well ordered, with nothing superfluous.",
    ),
}
"""What the judge says of one aspect, by rating."""

CRITIQUES = (
    "The answer addresses the question, and the order of its points is easy to follow.",
    "To improve it, say earlier which advice matters most for this user.",
    "Some sentences repeat each other; merging them would leave room for an example.",
    "The claim in the middle needs a source or at least a careful wording.",
    "The tone suits the request, though the ending comes suddenly.",
    "It would help to name the limits of the advice and when it does not apply.",
    "A short summary at the top would serve readers who have little time.",
    "The answer should check its assumptions about the situation of the user.",
    "Good use of concrete steps; the second one could be split in two.",
    "There is no mention of cost, which the instruction hints at.",
)


@dataclass(frozen=True)
class Verdicts:
    """What the judge says about ``(rows, 4)`` completions."""

    ratings: NDArray[np.int64]
    """``(rows, 4, 4)``: completion by aspect, 1 to 5, or 0 for not rated."""
    overall: NDArray[np.float64]
    """1 to 10 in halves, as it should have been written."""
    is_extreme: NDArray[np.bool_]
    """Where the first release shows 10: true tens, ones, and a few between."""
    is_one: NDArray[np.bool_]
    flipped: NDArray[np.bool_]


def _quality(rng: np.random.Generator, styles: Styles, models: NDArray[np.int64]) -> Styles:
    """Quality in 0..1: sound and careful answers, and some models, are better."""
    strength = (models * 7 % 17) / 17
    noise = rng.normal(scale=0.08, size=models.shape)
    quality = 0.2 + 0.35 * styles[..., 4] + 0.1 * styles[..., 2] + 0.25 * strength + noise
    return np.asarray(np.clip(quality, 0, 1), dtype=np.float32)


def judge(
    rng: np.random.Generator,
    styles: Styles,
    models: NDArray[np.int64],
    *,
    n_extreme: int,
    short_row: int | None,
) -> Verdicts:
    """Rate completions.

    Args:
        rng: Draws the noise.
        styles: ``(rows, 4, 5)``.
        models: ``(rows, 4)``, which model wrote each.
        n_extreme: How many overall scores the first release shows as 10.
        short_row: A row whose later completions do not exist.
    """
    rows = len(models)
    quality = _quality(rng, styles, models)
    noise = rng.normal(scale=0.45, size=(rows, 4, 4))
    ratings = np.clip(np.rint(1 + 4 * quality[..., None] + noise), 1, 5).astype(np.int64)
    biased = 2 + 7 * quality + LENGTH_BIAS * (styles[..., 0] - 0.5)
    biased = biased + rng.normal(scale=0.3, size=biased.shape)
    overall = np.clip(np.rint(2 * biased) / 2, 1.5, 9.5).astype(np.float64)

    flipped = np.zeros(4 * rows, dtype=bool)
    flipped[pick(rng, 4 * rows, planted(*NOISE_RATE, 4 * rows))] = True
    ranked = np.argsort(quality.ravel(), kind="stable")
    if short_row is not None:
        ranked = ranked[ranked // 4 != short_row]
    ones = ranked[: n_extreme * 2 // 5]
    tens = ranked[len(ranked) - n_extreme * 2 // 5 :]
    between = rng.permutation(ranked[len(ones) : len(ranked) - len(tens)])
    between = between[: n_extreme - len(ones) - len(tens)]
    flat, flat_ratings = overall.ravel(), ratings.reshape(-1, 4)
    for spots, low, high in ((ones, 1, 2), (between, 3, 4), (tens, 5, 5)):
        flipped[spots] = False
        flat_ratings[spots] = rng.integers(low, high + 1, size=(len(spots), 4))
    flat[flipped] = 11 - flat[flipped]
    flat[ones], flat[tens] = 1.0, 10.0

    is_extreme, is_one = np.zeros(4 * rows, dtype=bool), np.zeros(4 * rows, dtype=bool)
    for spots in (ones, between, tens):
        is_extreme[spots] = True
    is_one[ones] = True
    unrated = pick(rng, flat_ratings.size, planted(*_NOT_RATED, flat_ratings.size))
    # The special scores keep all four ratings, so that the published fix can be replayed.
    unrated = unrated[~is_extreme[unrated // 4]]
    flat_ratings.ravel()[unrated] = 0
    shape = (rows, 4)
    return Verdicts(
        ratings=flat_ratings.reshape(rows, 4, 4),
        overall=flat.reshape(shape),
        is_extreme=is_extreme.reshape(shape),
        is_one=is_one.reshape(shape),
        flipped=flipped.reshape(shape),
    )
