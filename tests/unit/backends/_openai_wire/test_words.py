"""Words of a server are shown whole, short, and without keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.backends._openai_wire.words import mended, shortened

__all__: list[str] = []


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_can_be_written_and_a_whole_one_stays(text: str) -> None:
    written = mended(text).encode()
    assert mended(written.decode()) == written.decode()


def test_half_a_character_is_replaced() -> None:
    assert mended("a\ud83db") == "a\ufffdb"
    assert mended("\ud83d\ude00") == "😀"


@pytest.mark.parametrize(
    "said",
    [
        "Incorrect API key provided: sk-proj-abc_DEF-123456.",
        "Authorization: Bearer abcdef",
        "No such key: own-key",
        {"key": "own-key"},
    ],
)
def test_keys_are_left_out(said: object) -> None:
    shown = shortened(said, "own-key")
    assert "[key]" in shown
    assert not any(key in shown for key in ("abc", "own-key"))


@given(st.text())
def test_words_are_one_short_line(text: str) -> None:
    shown = shortened(text)
    assert len(shown) <= 300
    assert len(shown.splitlines()) <= 1
