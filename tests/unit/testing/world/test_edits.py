"""Copies differ in the way of their kind, and in no other, in every language."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.testing.world.edits import KINDS, copy_of, kinds, repeat
from prefdata.testing.world.languages import LEXICONS
from prefdata.testing.world.text import Composer

__all__: list[str] = []

_FILLERS = ("really", "perhaps")
_WORDS = st.text("abcÉßİﬁक़\uff21", min_size=1, max_size=8)
_TEXTS = st.lists(_WORDS, min_size=2, max_size=12, unique_by=str.lower).map(" ".join)


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


@pytest.fixture(scope="module", params=sorted(LEXICONS))
def prompts(request: pytest.FixtureRequest) -> list[str]:
    return Composer(LEXICONS[request.param]).prompts(np.random.default_rng(0), 60)[0]


def test_a_change_of_case_or_space_leaves_the_words(prompts: list[str]) -> None:
    copies = [copy_of(text, "case-space", i, _FILLERS) for i, text in enumerate(prompts)]
    for copy, text in zip(copies, prompts, strict=True):
        assert copy != text
        assert _normal(copy) == _normal(text)


def test_a_change_of_one_word_is_of_one_word(prompts: list[str]) -> None:
    ways = set()
    for number, text in enumerate(prompts):
        new, old = copy_of(text, "one-word", number, _FILLERS).split(" "), text.split(" ")
        ways.add(len(new) - len(old))
        spots = range(max(len(new), len(old)))
        assert new != old
        # Without the word at one place in each, they are the same.
        cut = len(new) - len(old)
        assert any(
            new[:at] == old[:at] and new[at + (cut >= 0) :] == old[at + (cut <= 0) :]
            for at in spots
        )
    assert ways == {-1, 0, 1}


def test_another_order_has_the_same_words(prompts: list[str]) -> None:
    for number, text in enumerate(prompts):
        copy = copy_of(text, "reorder", number, _FILLERS)
        assert copy != text
        assert sorted(copy.split()) == sorted(text.split())


@given(_TEXTS, st.sampled_from(KINDS[1:]), st.integers(0, 100))
def test_any_text_of_two_words_can_be_copied(text: str, kind: str, number: int) -> None:
    copy = copy_of(text, kind, number, _FILLERS)  # type: ignore[arg-type]  # drawn from the kinds
    assert copy != text
    assert (_normal(copy) == _normal(text)) == (kind == "case-space")


def test_without_order_there_is_nothing_to_change() -> None:
    with pytest.raises(ValueError, match="no order"):
        copy_of("same same", "reorder", 0, _FILLERS)


def test_clauses_of_a_single_sentence_are_moved() -> None:
    assert copy_of("First this, then that", "reorder", 0, _FILLERS) == "then that, First this"


def test_kinds_take_turns() -> None:
    assert [kinds(8, start).count(kind) for start in range(4) for kind in KINDS] == [2] * 16


def test_copies_are_put_in_the_place_of_prompts() -> None:
    prompts = ["One two. Three.", "-", "-", "Four five. Six."]
    repeat(prompts, [1, 2], [0, 3], ["exact", "reorder"], _FILLERS)
    assert prompts == ["One two. Three.", "One two. Three.", "Six. Four five.", "Four five. Six."]
