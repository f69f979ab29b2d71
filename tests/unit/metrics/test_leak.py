"""A probe that finds what is there, and nothing where nothing is."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.metrics.leak import auc_with_variance, leak_auc

__all__: list[str] = []

_WORDS = np.array(["clear", "wrong", "short", "polite", "complete", "vague", "safe", "rude"])


def _texts(n: int, seed: int = 0) -> tuple[list[str], pl.Series]:
    chance = np.random.default_rng(seed)
    texts = [" ".join(chance.choice(_WORDS, 12)) for _ in range(n)]
    return texts, pl.Series(chance.random(n) < 0.5)


def test_texts_that_tell_nothing_are_at_chance() -> None:
    texts, labels = _texts(1000)
    leak = leak_auc(pl.Series(texts), labels, seed=0)
    assert leak.n == 1000
    assert leak.auc <= 0.55
    assert leak.low < 0.5 < leak.high


def test_a_word_that_goes_with_the_label_is_found() -> None:
    texts, labels = _texts(400)
    told = [
        f"{t} earlier" if x and i % 3 else t
        for i, (t, x) in enumerate(zip(texts, labels, strict=True))
    ]
    leak = leak_auc(pl.Series(told), labels, seed=0)
    assert leak.auc > 0.7
    assert leak.low > 0.6


def test_a_character_of_a_script_without_spaces_is_found() -> None:
    texts = [f"这个回答很好{'前' if n % 2 else '后'}面的很{'abcdef'[n % 6]}" for n in range(200)]
    leak = leak_auc(pl.Series(texts), pl.Series([n % 2 == 1 for n in range(200)]), seed=0)
    assert leak.auc == 1.0


def test_neither_order_nor_nulls_matter_and_equal_seeds_agree() -> None:
    texts, labels = _texts(200)
    leak = leak_auc(pl.Series(texts), labels, seed=1)
    backwards = leak_auc(pl.Series(texts).reverse(), labels.reverse(), seed=1)
    assert leak == backwards
    with_null = leak_auc(pl.Series([None, *texts]), pl.concat([pl.Series([True]), labels]), seed=1)
    assert leak == with_null


def test_of_many_texts_some_are_read() -> None:
    texts, labels = _texts(300)
    assert leak_auc(pl.Series(texts), labels, seed=0, max_texts=100).n == 100


def test_too_few_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="ten texts"):
        leak_auc(pl.Series(["a b"] * 30), pl.Series([True] * 29 + [False]), seed=0)
    with pytest.raises(ValueError, match="ten texts"):
        leak_auc(pl.Series([], dtype=pl.String), pl.Series([], dtype=pl.Boolean), seed=0)


@given(
    st.lists(st.integers(0, 6), min_size=2, max_size=12),
    st.lists(st.integers(0, 6), min_size=2, max_size=12),
)
def test_the_area_and_its_variance_are_delongs_by_brute_force(
    above: list[int], below: list[int]
) -> None:
    labels = np.array([True] * len(above) + [False] * len(below))
    auc, variance = auc_with_variance(np.array([*above, *below], dtype=float), labels)
    wins = np.array([[(a > b) + (a == b) / 2 for b in below] for a in above])
    assert auc == pytest.approx(wins.mean())
    rows, columns = wins.mean(axis=1), wins.mean(axis=0)
    expected = rows.var(ddof=1) / len(above) + columns.var(ddof=1) / len(below)
    assert variance == pytest.approx(expected, abs=1e-12)


def test_the_interval_holds_chance_as_often_as_it_says() -> None:
    held = 0
    for seed in range(60):
        texts, labels = _texts(120, seed)
        leak = leak_auc(pl.Series(texts), labels, seed=seed)
        held += leak.low <= 0.5 <= leak.high
    assert held >= 55
