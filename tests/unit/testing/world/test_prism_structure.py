"""The published tables of PRISM hold exactly, checked without writing any text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from prefdata.testing.world.prism_tables import (
    CONVERSATION_TYPES,
    CONVERSATIONS_PER_USER,
    LONGEST_PER_USER,
    UTTERANCES_PER_CONVERSATION,
)

if TYPE_CHECKING:
    from prefdata.testing.world.prism_structure import Structure

__all__: list[str] = []


def test_the_sizes_are_the_published_ones(prism: Structure) -> None:
    assert len(prism.user_group) == 1_500
    assert len(prism.conversation_user) == 8_011
    assert len(prism.interaction_turn) == 27_172
    assert len(prism.utterance_score) == 68_371


def test_users_and_conversations_follow_their_tables(prism: Structure) -> None:
    assert Counter(prism.user_conversations.tolist()) == Counter(CONVERSATIONS_PER_USER)
    owned = np.bincount(prism.conversation_user, minlength=1_500)
    assert (owned == prism.user_conversations).all()
    assert Counter(prism.conversation_type) == Counter(CONVERSATION_TYPES)
    sizes = np.bincount(prism.utterance_conversation)
    assert Counter(sizes.tolist()) == Counter(UTTERANCES_PER_CONVERSATION)


def test_the_longest_conversation_of_each_user_is_as_published(prism: Structure) -> None:
    longest = np.zeros(1_500, dtype=np.int64)
    np.maximum.at(longest, prism.conversation_user, prism.conversation_turns)
    assert Counter(longest[longest > 0].tolist()) == Counter(LONGEST_PER_USER)
    assert len(set(prism.conversation_turns.tolist())) == 13


def test_the_first_turn_shows_two_to_four_and_later_ones_at_most_two(prism: Structure) -> None:
    shown = np.bincount(prism.utterance_interaction)
    first = shown[prism.interaction_turn == 0]
    assert set(first.tolist()) == {2, 3, 4}
    assert set(shown[prism.interaction_turn > 0].tolist()) == {1, 2}
    assert int((first * (first - 1) // 2).sum()) == 42_306


def test_several_responses_of_a_turn_can_be_chosen(prism: Structure) -> None:
    assert int(prism.utterance_is_chosen.sum()) == 27_437
    per_turn = np.bincount(prism.utterance_interaction, weights=prism.utterance_is_chosen)
    assert per_turn.min() == 1
    assert (per_turn[prism.interaction_turn == 0] == 1).all()
    assert int((per_turn == 2).sum()) == 265


def test_the_balanced_subset_adds_up(prism: Structure) -> None:
    inside = prism.conversation_is_balanced
    assert int(prism.user_is_balanced.sum()) == 1_246
    assert int(inside.sum()) == 6_696
    assert int(inside[prism.utterance_conversation].sum()) == 57_401
    assert prism.user_is_balanced[prism.conversation_user[inside]].all()


def test_scores_have_the_published_moments(prism: Structure) -> None:
    scores = prism.utterance_score
    assert (scores.min(), scores.max()) == (1, 100)
    assert round(float(scores.mean()), 1) == 65.1
    assert round(float(scores.std()), 1) == 29.3


def test_interactions_are_numbered_by_conversation_ids_as_strings(prism: Structure) -> None:
    first = prism.interaction_number[prism.interaction_turn == 0]
    names = sorted((f"c{index}" for index in range(8_011)), key=str)
    begins = [first[int(name[1:])] for name in names]
    assert begins == sorted(begins)
    assert sorted(prism.interaction_number.tolist()) == list(range(27_172))


def test_empty_and_identical_responses_are_as_many_as_published(prism: Structure) -> None:
    assert int(prism.is_empty.sum()) == 147
    assert int(prism.is_identical.sum()) == 265
