from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.texts.normal import STABLE, is_blank, normalised

__all__: list[str] = []

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


def _normal(*texts: str | None, **options: bool) -> list[str | None]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(normalised("text", **options))["text"].to_list()


def test_case_unicode_form_and_white_space_do_not_count() -> None:
    assert _normal("  The\tﬁrst\n\n WORD  ", "the first word") == ["the first word"] * 2


def test_each_difference_can_be_kept() -> None:
    assert _normal("A  ﬁ", unicode=False) == ["a ﬁ"]
    assert _normal("A  ﬁ", case=False) == ["A fi"]
    assert _normal(" A  ﬁ", space=False) == [" a  fi"]


def test_a_null_stays_null() -> None:
    assert _normal(None, "a") == [None, "a"]


@given(st.lists(_TEXTS, min_size=1))
def test_unicode_form_is_that_of_the_standard_library(texts: list[str]) -> None:
    found = _normal(*texts, case=False, space=False)
    assert found == [unicodedata.normalize("NFKC", text) for text in texts]


@given(st.lists(_TEXTS, min_size=1))
def test_every_run_of_white_space_is_one_space(texts: list[str]) -> None:
    column = pl.DataFrame({"text": texts}).select(
        pl.col("text").str.replace_all(r"\s+", " ").str.strip_chars()
    )
    assert _normal(*texts, unicode=False, case=False) == column["text"].to_list()


def test_the_characters_that_skip_the_unicode_form_are_stable_alone_and_together() -> None:
    points = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    stable = pl.Series(points)
    stable = stable.filter(stable.str.contains(f"^(?s:[{STABLE}])$"))
    assert stable.len() > 20_000
    assert "é" in stable
    assert "ﬁ" not in stable
    for character in stable:
        assert unicodedata.normalize("NFKC", character) == character
        assert unicodedata.combining(character) == 0
    # No character composes with the one before it: NFKC of any text of them is that text.
    seconds = {
        chr(int(parts[1], 16))
        for parts in (unicodedata.decomposition(point).split() for point in points)
        if len(parts) == 2 and not parts[0].startswith("<")
    }
    assert not seconds & set(stable)


@pytest.mark.parametrize("text", [None, "", " \n\t", "\x00", "\u200b\u00a0"])
def test_what_shows_nothing_is_blank(text: str | None) -> None:
    frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    assert frame.select(is_blank("text")).item()


@pytest.mark.parametrize("text", ["a", " . ", "\x00a", "語"])
def test_what_shows_something_is_not_blank(text: str) -> None:
    assert not pl.DataFrame({"text": [text]}).select(is_blank("text")).item()
