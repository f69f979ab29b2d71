from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.privacy.find import apart, find, masked
from prefdata.privacy.patterns import patterns

__all__: list[str] = []

_HITS = [match for pattern in patterns() for match in pattern.hits.values()]
_PIECES = st.lists(
    st.one_of(
        st.sampled_from([*_HITS, " ", "\ufdd0", "\ufdd1", "é", "@", "1", "-"]), st.text(max_size=4)
    ),
    max_size=6,
).map("".join)


def _find(*texts: str | None) -> pl.DataFrame:
    return find(
        pl.DataFrame(
            {"id": range(len(texts)), "text": texts}, schema={"id": pl.Int64, "text": pl.String}
        )
    )


@settings(max_examples=20)
@given(st.lists(_PIECES, max_size=3))
def test_a_find_stands_where_it_says_and_overlaps_no_other(texts: list[str]) -> None:
    found = _find(*texts)
    end = dict.fromkeys(range(len(texts)), 0)
    for row, match, start in found.select("row", "match", "start").iter_rows():
        assert texts[row][start : start + len(match)] == match
        assert start >= end[row]
        end[row] = start + len(match)


@settings(max_examples=8)
@given(st.lists(_PIECES, min_size=1, max_size=3))
def test_what_is_found_in_a_text_does_not_depend_on_its_neighbours(texts: list[str]) -> None:
    together = _find(*texts).select("row", "kind", "match", "start").rows()
    alone = [
        (i, *rest) for i, text in enumerate(texts) for _, *rest in _find(text).drop("id").rows()
    ]
    assert together == alone


def test_an_address_with_a_password_is_not_an_e_mail_address_as_well() -> None:
    found = _find("at https://jo:pw@mail.org and jo@mail.org")
    assert found.select("kind", "match").rows() == [
        ("url-credentials", "https://jo:pw@mail.org"),
        ("email", "jo@mail.org"),
    ]


def test_the_longest_find_wins_then_the_first() -> None:
    finds = [
        (0, "a", "xx", 3),
        (0, "b", "xxx", 1),
        (0, "c", "xx", 5),
        (0, "d", "xx", 4),
        (1, "e", "x", 3),
    ]
    assert apart(finds) == [finds[1], finds[3], finds[4]]


def test_texts_that_are_null_or_empty_have_nothing() -> None:
    assert _find(None, "").is_empty()
    assert find(pl.DataFrame({"id": ["a"], "text": ["b@c.de"]}), []).is_empty()


def test_a_mask_shows_the_shape_and_hides_the_words() -> None:
    assert masked("jane.doe@example.com") == "j….d…@e….com"
    assert masked("4111 1111 1111 1111") == "4… 1… 1… 1…"
    assert masked("https://jo:pw@db") == "h…://j…:p…@db"
