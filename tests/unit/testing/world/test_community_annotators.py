"""Annotators are as many and as busy as published, in the words of their country."""

from __future__ import annotations

import numpy as np

from prefdata.testing.world.community_annotators import (
    DEMOGRAPHICS,
    assign_annotators,
    draw_annotators,
)
from prefdata.testing.world.community_structure import CONVERSATIONS, Structure

__all__: list[str] = []


def test_over_3500_annotators_hold_26_conversations_in_the_middle(community: Structure) -> None:
    counts = np.bincount(community.annotator)
    assert int((counts > 0).sum()) > 3_500
    assert abs(float(np.median(counts[counts > 0])) - 26) <= 1


def test_ethnicity_is_asked_in_the_words_of_the_country() -> None:
    annotators = draw_annotators(np.random.default_rng(0), CONVERSATIONS)
    assert len(set(annotators.ids)) == len(annotators.ids)
    for person in annotators.demographics:
        answers = dict(zip(DEMOGRAPHICS, person, strict=True))
        if answers["ethnicity"] == "Indo-Aryan":
            assert answers["country"] == "india"
        if answers["country"] == "france":
            assert answers["ethnicity"] in {"Non immigrant", "Immigrant", "Prefer not to say"}


def test_within_a_round_nobody_repeats_a_set() -> None:
    rng = np.random.default_rng(0)
    sets = np.repeat(np.arange(20), 10)
    members = np.arange(100, 150)
    annotators = assign_annotators(rng, members, sets)
    assert set(annotators.tolist()) <= set(members.tolist())
    pairs = set(zip(annotators.tolist(), sets.tolist(), strict=True))
    assert len(pairs) > 190
