"""The same words have the same id, and others another."""

from __future__ import annotations

import hashlib

import polars as pl

from prefdata.constitution.names import principle_id


def ids(*sentences: str | None) -> list[str | None]:
    return principle_id(pl.Series(sentences, dtype=pl.String)).to_list()


def test_case_spaces_unicode_form_and_a_full_stop_do_not_count() -> None:
    named = ids(
        "Select the response that is longer",
        "select the  response that is LONGER.",
        " Select the response\n that is longer . ",
        "Select the response that is \uff4conger",
    )
    assert len(set(named)) == 1


def test_the_id_is_the_digest_of_the_words() -> None:
    expected = hashlib.sha256(b"select the response that is longer").hexdigest()[:32]
    assert ids("Select the response that is longer.") == [expected]


def test_other_words_have_another_id() -> None:
    longer, shorter, question = ids("is longer", "is shorter", "is longer?")
    assert len({longer, shorter, question}) == 3


def test_a_full_stop_within_counts() -> None:
    one, other = ids("uses 2.5 as a figure", "uses 25 as a figure")
    assert one != other


def test_nothing_has_no_id() -> None:
    assert ids(None) == [None]
    assert ids() == []
    assert principle_id(pl.Series([], dtype=pl.Null)).is_empty()
