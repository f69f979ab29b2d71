from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.metrics.terms import class_tfidf, top_terms

__all__: list[str] = []

_COUNTS = st.dictionaries(
    st.tuples(st.integers(0, 4), st.sampled_from("abcdef")), st.integers(1, 50), min_size=1
)


def _frame(counts: dict[tuple[int, str], int]) -> pl.DataFrame:
    return pl.DataFrame(
        [(owner, term, count) for (owner, term), count in counts.items()],
        schema={"class": pl.Int64, "term": pl.String, "count": pl.Int64},
        orient="row",
    )


def test_weights_are_those_of_the_formula() -> None:
    counts = {(0, "bread"): 3, (0, "the"): 1, (1, "violin"): 2, (1, "the"): 4}
    weights = class_tfidf(_frame(counts))["weight"].to_list()
    # Ten terms in two classes: five in a class.
    assert weights == pytest.approx(
        [
            3 / 4 * math.log(1 + 5 / 3),
            1 / 4 * math.log(1 + 5 / 5),
            2 / 6 * math.log(1 + 5 / 2),
            4 / 6 * math.log(1 + 5 / 5),
        ]
    )


@given(_COUNTS)
def test_weights_are_those_of_the_matrix_form(counts: dict[tuple[int, str], int]) -> None:
    owners = sorted({owner for owner, _ in counts})
    terms = sorted({term for _, term in counts})
    matrix = np.zeros((len(owners), len(terms)))
    for (owner, term), count in counts.items():
        matrix[owners.index(owner), terms.index(term)] = count
    idf = np.log(1 + matrix.sum(axis=1).mean() / matrix.sum(axis=0))
    expected = matrix / matrix.sum(axis=1, keepdims=True) * idf
    for owner, term, weight in class_tfidf(_frame(counts)).iter_rows():
        assert weight == pytest.approx(expected[owners.index(owner), terms.index(term)])


@given(_COUNTS, st.integers(1, 7))
def test_the_best_terms_come_first_and_ties_by_alphabet(
    counts: dict[tuple[int, str], int], n_terms: int
) -> None:
    weights = class_tfidf(_frame(counts))
    for owner, terms, values in top_terms(weights, n_terms).iter_rows():
        own = weights.filter(pl.col("class") == owner)
        expected = sorted(zip(-own["weight"], own["term"], strict=True))[:n_terms]
        assert terms == [term for _, term in expected]
        assert values == [-value for value, _ in expected]


def test_the_order_of_rows_changes_nothing() -> None:
    counts = _frame({(i % 3, f"w{i % 7}"): i + 1 for i in range(21)})
    best = top_terms(class_tfidf(counts), 4)
    assert top_terms(class_tfidf(counts.reverse()), 4).equals(best)


def test_no_counts_give_no_terms() -> None:
    assert top_terms(class_tfidf(_frame({})), 3).is_empty()
