from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.texts.ngrams import (
    Grams,
    characters,
    joined,
    ngrams,
    spans,
    stretches,
    word_lists,
    words,
)

__all__: list[str] = []

_TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=6)


def _series(*texts: str | None) -> pl.Series:
    return pl.Series("text", texts, dtype=pl.String)


def _lists(*texts: str | None, **options: bool) -> list[Any]:
    return word_lists(_series(*texts), **options).to_list()


def test_words_are_runs_of_letters_digits_and_underscores() -> None:
    assert _lists("Don't STOP_now: 3 times!") == [["don", "t", "stop_now", "3", "times"]]


def test_scripts_without_spaces_give_a_word_a_character() -> None:
    assert _lists("日本語 text") == [["日", "本", "語", "text"]]


def test_case_and_unicode_form_can_be_kept() -> None:
    assert _lists("ﬁ A") == [["fi", "a"]]
    assert _lists("ﬁ A", case=False, unicode=False) == [["ﬁ", "A"]]


def test_a_text_without_words_has_none() -> None:
    assert _lists(None, "", "?!") == [[], [], []]
    grams = words(_series(None, "", "?!"))
    assert grams.offsets.tolist() == [0, 0, 0, 0]
    assert ngrams(grams, 3).offsets.tolist() == [0, 0, 0, 0]


def test_no_texts_have_no_words() -> None:
    assert words(_series()).offsets.tolist() == [0]
    assert characters(_series()).offsets.tolist() == [0]


def test_the_hash_of_a_word_is_half_of_its_documented_digest() -> None:
    expected = int(hashlib.sha256(b"hello").hexdigest()[:16], 16)
    assert words(_series("Hello")).hashes.tolist() == [expected]


def test_runs_of_words_have_golden_hashes() -> None:
    """A change would make hashes that others have kept useless."""
    found = ngrams(words(_series("the quick brown fox", "the quick")), 3)
    assert found.offsets.tolist() == [0, 2, 3]
    assert [hex(value) for value in found.hashes.tolist()] == [
        "0x2dd8615023664c4f",
        "0xd25e16e30c6a768",
        "0xa15d1dce4fec2503",
    ]


@given(_TEXTS, st.integers(1, 8))
def test_equal_runs_of_words_have_equal_hashes_and_others_do_not(texts: list[str], n: int) -> None:
    lists = _lists(*texts)
    found = ngrams(words(_series(*texts)), n)
    known: dict[tuple[str, ...], int] = {}
    for text, parts in enumerate(lists):
        runs = [tuple(parts[i : i + n]) for i in range(max(len(parts) - n + 1, min(len(parts), 1)))]
        hashes = found.of(text).tolist()
        assert len(hashes) == len(runs)
        for run, value in zip(runs, hashes, strict=True):
            assert known.setdefault(run, value) == value
    assert len(set(known.values())) == len(known)


@given(_TEXTS)
def test_each_hash_knows_its_text(texts: list[str]) -> None:
    grams = words(_series(*texts))
    assert grams.counts.sum() == len(grams.hashes) == len(grams.owners)
    for text in range(len(texts)):
        assert np.array_equal(grams.hashes[grams.owners == text], grams.of(text))


@given(_TEXTS, st.integers(1, 40))
def test_stretches_are_the_texts_in_order(texts: list[str], max_bytes: int) -> None:
    parts = list(stretches(_series(*texts), max_bytes=max_bytes))
    assert [text for part in parts for text in part] == texts
    for part in parts:
        assert part.len() == 1 or part.str.len_bytes().sum() <= max_bytes
    whole = joined([words(part) for part in parts])
    assert np.array_equal(whole.hashes, words(_series(*texts)).hashes)
    assert np.array_equal(whole.offsets, words(_series(*texts)).offsets)


def test_a_slice_holds_at_most_so_many_things() -> None:
    found = list(spans(np.array([1, 1, 1, 9, 1]), 4, at_most=2))
    assert found == [slice(0, 2), slice(2, 3), slice(3, 4), slice(4, 5)]


@given(_TEXTS)
def test_characters_are_code_points(texts: list[str]) -> None:
    grams = characters(_series(*texts))
    for text, written in enumerate(texts):
        assert grams.of(text).tolist() == [ord(character) for character in written]


@pytest.mark.parametrize("n", [1, 5])
def test_a_long_text_is_cut_across_blocks_alike(n: int) -> None:
    grams = Grams(np.arange(200_000, dtype=np.uint64), np.array([0, 200_000]))
    found = ngrams(grams, n).hashes
    tail = Grams(grams.hashes[65_530:65_550], np.array([0, 20]))
    assert len(found) == 200_000 - n + 1
    assert np.array_equal(found[65_530 : 65_530 + 20 - n + 1], ngrams(tail, n).hashes)
