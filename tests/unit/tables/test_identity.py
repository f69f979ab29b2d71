"""Names and places come from content, by an encoding that anyone can recompute."""

from __future__ import annotations

import hashlib
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.tables.identity import (
    Occurrences,
    encode,
    encode_messages,
    hash_messages,
    hash_texts,
    hash_tuple,
    unit_interval,
)
from prefdata.tables.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__: list[str] = []

# Texts that look like the encoding itself.
_TEXT = st.text(alphabet="-:01ä", max_size=4) | st.text(st.characters(codec="utf-8"), max_size=4)
_TUPLE = st.lists(st.none() | _TEXT, min_size=3, max_size=3).map(tuple)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _encoded(texts: Sequence[str | None]) -> str:
    """Write texts as the docstring of the module says."""
    return "".join("-1:" if t is None else f"{len(t.encode())}:{t}" for t in texts)


def _frame(rows: Sequence[Sequence[str | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys("abc", pl.String()), orient="row")


def test_names_never_change() -> None:
    assert hash_texts(pl.Series(["", "a", "ä"])).to_list() == [
        "e3b0c44298fc1c149afbf4c8996fb924",
        "ca978112ca1bbdcafac231b39a23dc4d",
        "33e6d73fee82904c8d7afb78de1154d1",
    ]
    assert hash_tuple(_frame([("x", None, "ä:1")]), "a", "b", "c").to_list() == [
        _sha("1:x-1:4:ä:1")
    ] == ["2f6cd4d84571289986afa2640d4f3db9"]  # fmt: skip
    hello = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None}]
    assert hash_messages(pl.Series([hello], dtype=MESSAGES)).to_list() == [
        _sha("4:user2:Hi9:assistant-1:")
    ] == ["b1684e71f49a26c3c51932971ecd8988"]  # fmt: skip


@given(st.lists(_TUPLE, max_size=6))
def test_the_encoding_is_the_documented_one(rows: list[tuple[str | None, ...]]) -> None:
    frame = _frame(rows)
    texts = frame.select(t=encode("a", pl.col("b"), "c"))["t"].to_list()
    assert texts == [_encoded(row) for row in rows]
    assert hash_tuple(frame, "a", "b", "c").to_list() == [_sha(text) for text in texts]


@given(one=_TUPLE, two=_TUPLE)
def test_two_tuples_are_never_encoded_alike(
    one: tuple[str | None, ...], two: tuple[str | None, ...]
) -> None:
    first, second = _frame([one, two]).select(t=encode("a", "b", "c"))["t"]
    assert (first == second) == (one == two)


@given(st.lists(st.lists(st.tuples(st.none() | _TEXT, st.none() | _TEXT), max_size=3), max_size=4))
def test_messages_are_encoded_as_role_and_content_in_turn(
    rows: list[list[tuple[str | None, str | None]]],
) -> None:
    made = [[{"role": role, "content": text} for role, text in row] for row in rows]
    frame = pl.DataFrame({"m": pl.Series(made, dtype=MESSAGES)})
    expected = [_encoded(list(chain.from_iterable(row))) for row in rows]
    assert frame.select(t=encode_messages(pl.col("m")))["t"].to_list() == expected
    assert hash_messages(frame["m"]).to_list() == [_sha(text) for text in expected]


@given(st.lists(st.none() | _TEXT, max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_a_part_of_a_column_is_named_as_the_part_itself(
    texts: list[str | None], start: int, length: int
) -> None:
    series = pl.Series("t", texts, dtype=pl.String).slice(start, length)
    hashed = hash_texts(series)
    part = texts[start : start + length]
    assert hashed.to_list() == [None if text is None else _sha(text) for text in part]
    assert (hashed.name, hashed.dtype) == ("t", pl.String())


def test_a_column_in_chunks_is_named_as_a_whole() -> None:
    parts = pl.concat([pl.Series(["a", None]), pl.Series(["b"])], rechunk=False)
    assert hash_texts(parts).to_list() == [_sha("a"), None, _sha("b")]


def test_no_rows_have_no_names_and_null_messages_no_name() -> None:
    assert hash_texts(pl.Series([], dtype=pl.String)).to_list() == []
    assert hash_tuple(_frame([]), pl.lit("x"), "a").to_list() == []
    assert hash_messages(pl.Series([], dtype=MESSAGES)).to_list() == []
    assert hash_messages(pl.Series([None, []], dtype=MESSAGES)).to_list() == [None, _sha("")]


_CHUNKS = st.lists(st.lists(st.sampled_from(["aa", "bb", "cc"]), max_size=5), max_size=4)


@given(_CHUNKS)
def test_repeats_get_names_of_their_own_over_all_chunks(chunks: list[list[str]]) -> None:
    repeats = Occurrences()
    named = [repeats.suffix(pl.Series("k", chunk, dtype=pl.String)) for chunk in chunks]
    names = list(chain.from_iterable(named))
    keys = list(chain.from_iterable(chunks))
    assert len(set(names)) == len(names)
    for place, (key, name) in enumerate(zip(keys, names, strict=True)):
        repeat = keys[:place].count(key)
        assert name == (f"{key}~{repeat}" if repeat else key)
    assert all(series.name == "k" and series.dtype == pl.String() for series in named)


@given(chunks=_CHUNKS, other=st.randoms(use_true_random=False))
def test_the_names_do_not_depend_on_order_or_chunks(chunks: list[list[str]], other: object) -> None:
    keys = list(chain.from_iterable(chunks))
    repeats = Occurrences()
    named = [name for chunk in chunks for name in repeats.suffix(pl.Series(chunk, dtype=pl.String))]
    other.shuffle(keys)  # type: ignore[attr-defined]
    assert sorted(Occurrences().suffix(pl.Series(keys, dtype=pl.String))) == sorted(named)


def _spots(n: int, salt: str = "") -> pl.Series:
    names = hash_texts(pl.Series("h", [str(i) for i in range(n)]))
    return names.to_frame().select(spot=unit_interval("h", salt=salt))["spot"]


@pytest.mark.parametrize("salt", ["", "0123456789abc", "fffffffffffff"])
def test_places_are_even_and_below_one(salt: str) -> None:
    spots = _spots(20_000, salt)
    assert spots.min() >= 0  # type: ignore[operator]
    assert spots.max() < 1  # type: ignore[operator]
    counts = (spots * 20).floor().value_counts()["count"]
    # 19 degrees of freedom: 60 is beyond a chance of one in a hundred thousand.
    assert counts.len() == 20
    assert ((counts - 1000) ** 2 / 1000).sum() < 60


def test_places_at_the_edges_are_exact() -> None:
    names = pl.DataFrame({"h": ["0" * 32, "f" * 32, "8" + "0" * 31]})
    spots = names.select(unit_interval(pl.col("h")))["h"].to_list()
    assert spots == [0.0, 1 - 2.0**-52, 0.5]
    turned = names.select(unit_interval("h", salt="8000000000000"))["h"].to_list()
    assert turned == [0.5, 0.5 - 2.0**-52, 0.0]


def test_a_salt_is_another_placement_and_the_same_salt_the_same() -> None:
    plain, one, two = _spots(500), _spots(500, "0123456789abc"), _spots(500, "abc0123456789")
    assert plain.equals(_spots(500))
    assert one.equals(_spots(500, "0123456789abc"))
    assert (plain != one).all()
    assert (one != two).all()
