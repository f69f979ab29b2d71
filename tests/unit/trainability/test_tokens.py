"""Lengths are those of the three texts tokenised whole, each text once."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest

from prefdata.protocols import Refusal
from prefdata.trainability.tokens import MEASURES, measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from prefdata.protocols import Message

__all__: list[str] = []


class Frame(Protocol):
    """The fixture `frame`."""

    def __call__(self, *rows: tuple[str, str, str]) -> pl.DataFrame: ...


class Letters:
    """A tokenizer of letters, ``!`` ending a text; it remembers what it was asked."""

    ends = frozenset({ord("!")})

    def __init__(self, *, has_borders: bool) -> None:
        self.has_borders = has_borders
        self.asked: list[str] = []
        self.rendered: list[str] = []

    def prompt(self, messages: Sequence[Message]) -> str | Refusal:
        return self._text("|".join(m["content"] for m in messages) + "|>")

    def whole(
        self, prompt: str, messages: Sequence[Message], response: Sequence[Message]
    ) -> str | Refusal:
        assert prompt.endswith("|>")
        said = "|".join(m["content"] for m in (*messages, *response))
        return self._text(said.replace("|other", "x|other") + "!")

    def border(self, prompt: str) -> int:
        return prompt.rindex("|") if self.has_borders else 0

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        self.asked.extend(texts)
        return [np.array([ord(letter) for letter in text], np.int32) for text in texts]

    def _text(self, text: str) -> str | Refusal:
        self.rendered.append(text)
        return Refusal("It is so.") if "no" in text else text


_ROWS = [
    ("ask", "abc", "abd"),
    ("ask", "abd", ""),
    ("ask", ">b", ">"),
    ("ask|again", "abc", "abc"),
    ("ask", "other", "abc"),
    ("ask", "no", "abc"),
    ("no", "a", "b"),
]


@pytest.mark.parametrize("has_borders", [True, False])
def test_lengths_and_likeness_are_counted_by_letters(frame: Frame, *, has_borders: bool) -> None:
    rows = measured(frame(*_ROWS), Letters(has_borders=has_borders))
    assert rows.schema == MEASURES
    refused = ("It is so.", False, *[None] * 7)
    assert [row[1:] for row in rows.iter_rows()] == [
        (None, False, 5, 4, 4, 4, 2, 1, True),
        (None, False, 5, 4, 4, 1, 0, 1, True),
        (None, False, 5, 5, 2, 1, 0, 1, True),
        (None, False, 11, 10, 4, 4, 4, 4, True),
        (None, False, 5, 3, 8, 5, 0, 1, True),
        refused,
        refused,
    ]


def test_each_text_is_rendered_and_read_once(frame: Frame) -> None:
    letters = Letters(has_borders=True)
    responses = ("abc", "abd", "", "x")
    rows = [(p, *pair) for p in ("ask", "tell") for pair in itertools.permutations(responses, 2)]
    measured(frame(*rows), letters)
    assert len(letters.asked) == len(set(letters.asked)) == 2 + 1 + len(responses)
    assert len(letters.rendered) == len(set(letters.rendered)) == 2 * (1 + len(responses))


def test_a_response_without_its_end_is_told(frame: Frame) -> None:
    letters = Letters(has_borders=True)
    letters.ends = frozenset({ord("c")})
    rows = measured(frame(("ask", "abc", "c"), ("ask", "abc", "ab")), letters)
    assert rows["has_ends"].to_list() == [True, False]
