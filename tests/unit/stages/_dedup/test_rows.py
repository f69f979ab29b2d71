from __future__ import annotations

import hashlib

import numpy as np
import polars as pl

from prefdata.stages._dedup.rows import Rows, distinct_texts, halves, picked
from prefdata.tables.identity import hash_texts

__all__: list[str] = []


def test_texts_whose_digests_agree_in_half_are_told_apart() -> None:
    keys = np.array([[5, 2], [5, 1], [5, 2], [4, 9]], np.uint64)
    none = np.zeros(4, bool)
    rows = Rows(keys, none, np.zeros(4, np.int16), none)
    found = distinct_texts(rows, within="catalog")
    assert found.text_of.tolist() == [2, 1, 2, 0]
    assert found.first_row.tolist() == [3, 1, 0]
    assert found.n_rows.tolist() == [1, 1, 2]


def test_digests_are_two_numbers_that_sort_as_they_do() -> None:
    texts = pl.Series(["a", "b", "c", "d"])
    found = [tuple(pair) for pair in halves(hash_texts(texts)).tolist()]
    whole = [hashlib.sha256(text.encode()).digest()[:16] for text in texts]
    assert found == [(int.from_bytes(w[:8]), int.from_bytes(w[8:])) for w in whole]
    assert sorted(range(4), key=found.__getitem__) == sorted(range(4), key=whole.__getitem__)


def test_rows_of_a_mask_come_with_their_number() -> None:
    frame = pl.LazyFrame({"id": list("abcd")})
    mask = np.array([False, True, False, True])
    assert pl.concat(picked(frame, mask)).rows() == [("b", 1), ("d", 3)]
    assert list(picked(frame, np.zeros(4, bool))) == []
