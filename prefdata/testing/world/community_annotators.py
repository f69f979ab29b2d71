"""The annotators of the synthetic Community Alignment: who they are, and in which words.

Vocabularies are the published ones: ages with gaps, lower-case genders and countries, a political
answer with a comma, and ethnicities that differ by country. The shares are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prefdata.testing.world.counts import apportion
from prefdata.testing.world.values import assign_groups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["DEMOGRAPHICS", "N_ANNOTATORS", "Annotators", "assign_annotators", "draw_annotators"]

N_ANNOTATORS = 3_570
_ABROAD = 0.1
_FIRST_ID, _IDS_PER_TILE = 100_000, 1_000_000

DEMOGRAPHICS = ("age", "gender", "education_level", "political", "ethnicity", "country")

_COUNTRIES = {
    "en": "united states",
    "fr": "france",
    "it": "italy",
    "hi": "india",
    "pt": "brazil",
}
_ANSWERS: dict[str, dict[str, int]] = {
    "age": {"18-34": 45, "35-45": 25, "46-54": 15, "55+": 13, "": 2},
    "gender": {"male": 48, "female": 48, "other": 2, "Prefer not to say": 1, "": 1},
    "education_level": {
        "(At most) Complete Secondary": 20,
        "Some post-secondary": 20,
        "Post-secondary graduate": 35,
        "Some or complete graduate degree": 20,
        "Other": 3,
        "": 2,
    },
    "political": {
        "Very left-leaning": 12,
        "Somewhat left-leaning": 22,
        "Middle-of-the-road, centrist": 25,
        "Somewhat right-leaning": 17,
        "Very right-leaning": 8,
        "I don't think of myself in this way": 10,
        "Prefer not to say": 6,
    },
}
_ETHNICITIES: dict[str, dict[str, int]] = {
    "united states": {
        "White": 60,
        "Black or African American": 13,
        "Hispanic or Latino": 15,
        "Asian": 7,
        "Other": 3,
        "Prefer not to say": 2,
    },
    "france": {"Non immigrant": 88, "Immigrant": 10, "Prefer not to say": 2},
    "italy": {"Italian": 92, "Foreign national": 6, "Prefer not to say": 2},
    "india": {"Indo-Aryan": 70, "Dravidian": 24, "Other": 4, "Prefer not to say": 2},
    "brazil": {"White": 45, "Brown/Mixed": 42, "Black": 10, "Other": 2, "Prefer not to say": 1},
}


@dataclass(frozen=True)
class Annotators:
    """Parallel lists, one entry per annotator."""

    ids: list[str]
    language: list[str]
    demographics: list[list[str]]
    """In the order of `DEMOGRAPHICS`; an empty string stands for no answer."""
    groups: Ints


def draw_annotators(
    rng: np.random.Generator, conversations: Mapping[str, int], *, tile: int = 0
) -> Annotators:
    """Draw annotators of each language, in proportion to its conversations.

    Args:
        rng: Decides who they are.
        conversations: How many there are of each language.
        tile: Number of the tile; each has ids of its own.
    """
    total = max(len(conversations), round(N_ANNOTATORS * sum(conversations.values()) / 90_256))
    per_language = {name: max(1, n) for name, n in apportion(conversations, total).items()}
    languages = [name for name, n in per_language.items() for _ in range(n)]
    count = len(languages)
    answers = {
        name: rng.choice(list(table), size=count, p=_shares(table)).tolist()
        for name, table in _ANSWERS.items()
    }
    people = []
    for index, language in enumerate(languages):
        # India answers in English too.
        abroad = language == "en" and rng.random() < _ABROAD
        country = "india" if abroad else _COUNTRIES[language]
        ethnicity = str(rng.choice(list(_ETHNICITIES[country]), p=_shares(_ETHNICITIES[country])))
        people.append([*(answers[name][index] for name in _ANSWERS), ethnicity, country])
    first = _FIRST_ID + _IDS_PER_TILE * tile
    numbers = first + np.cumsum(rng.integers(1, 200, size=count))
    return Annotators(
        ids=[str(number) for number in rng.permutation(numbers).tolist()],
        language=languages,
        demographics=people,
        groups=assign_groups(rng, count),
    )


def _shares(table: Mapping[str, int]) -> NDArray[np.float64]:
    weights = np.array(list(table.values()), dtype=np.float64)
    return np.asarray(weights / weights.sum())


def assign_annotators(rng: np.random.Generator, members: Ints, sets: Ints) -> Ints:
    """Let annotators take conversations so that one rarely meets a candidate set twice.

    Args:
        rng: Decides who works more.
        members: The annotators of one language.
        sets: ``(n,)``, the candidate set of each conversation, or -1.

    Returns:
        ``(n,)``, the annotator of each conversation.
    """
    n = len(sets)
    # Most people do about the same; a few stop early. Published median: 26.
    work = np.rint(1_000 * rng.beta(6, 2, size=len(members))).astype(np.int64) + 1
    counts = apportion(dict(zip(members.tolist(), work.tolist(), strict=True)), n)
    rounds = np.concatenate([np.arange(k) for k in counts.values()])
    slots = np.repeat(list(counts), list(counts.values()))
    slots = slots[np.lexsort((rng.random(n), rounds))]
    # Neighbours in this order share a set, and within a round all annotators differ.
    spots = sets + rng.random(n)
    free = sets < 0
    spots[free] = rng.random(int(free.sum())) * max(int(sets.max(initial=0)) + 1, 1)
    annotators = np.empty(n, dtype=np.int64)
    annotators[np.argsort(spots, kind="stable")] = slots
    return annotators
