"""Community Alignment: the published counts, checked without writing any text."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from prefdata.testing.world.community_structure import LETTER_SHARES, Structure

__all__: list[str] = []


def test_conversations_and_comparisons_are_as_published(community: Structure) -> None:
    languages = np.array(community.language, dtype=object)
    assert len(languages) == 90_256
    assert int((languages == "en").sum()) == 30_856
    chosen = community.turn_choice >= 0
    assert int(chosen.sum()) == 233_319
    assert int((languages[community.turn_row[chosen]] == "en").sum()) == 79_344


def test_english_prompts_are_as_published(community: Structure) -> None:
    english = np.array(community.language, dtype=object) == "en"
    shared = english & (community.candidate_set >= 0)
    assert int(shared.sum()) == 22_168
    assert len(set(community.set_prompt[community.candidate_set[shared]].tolist())) == 1_033
    own = float((community.candidate_set < 0).mean())
    assert own == pytest.approx(0.31, abs=0.005)


def test_over_2500_prompts_have_ten_annotations(community: Structure) -> None:
    shared = community.candidate_set[community.candidate_set >= 0]
    per_prompt = Counter(community.set_prompt[shared].tolist())
    assert sum(n >= 10 for n in per_prompt.values()) > 2_500


def test_letters_are_chosen_as_often_as_published(community: Structure) -> None:
    chosen = community.turn_choice[community.turn_choice >= 0]
    shares = np.bincount(chosen, minlength=4) / len(chosen)
    assert np.round(shares, 2).tolist() == list(LETTER_SHARES)


def test_a_missing_candidate_is_never_preferred(community: Structure) -> None:
    assert (community.turn_choice[community.turn_is_missing] != 2).all()


def test_the_middle_is_missing_only_where_planted(community: Structure) -> None:
    turns: dict[int, list[int]] = {}
    for row, number in zip(
        community.turn_row.tolist(), community.turn_number.tolist(), strict=True
    ):
        turns.setdefault(row, []).append(number)
    gaps = {row for row, found in turns.items() if found != list(range(len(found)))}
    assert gaps == set(community.quirks["missing_middle_turn"].tolist())
    assert len(turns) == 90_256


def test_one_annotator_rarely_meets_a_set_twice(community: Structure) -> None:
    shared = np.flatnonzero(community.candidate_set >= 0).tolist()
    met = Counter((community.annotator[row], community.candidate_set[row]) for row in shared)
    twice = sum(n > 1 for n in met.values())
    assert len(community.quirks["same_set_twice"]) * 0.9 <= twice <= 0.005 * len(shared)
