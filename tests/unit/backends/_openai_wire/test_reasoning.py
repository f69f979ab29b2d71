from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.backends._openai_wire.reasoning import thought

__all__: list[str] = []


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("X", "X"),
        ("<think>Y is longer.</think>X", "X"),
        ("\n<think>\nY is longer.\n</think>\n\nX\n", "X\n"),
        ("<think></think>X", "X"),
        ("Y is longer.\n</think>\n\nX", "X"),
        ("<think>Y is lon", ""),
        ("", ""),
        # What is said of the marks is no thought.
        ("X closes its `</think>` mark.", "X closes its `</think>` mark."),
        ("X: <think>Y</think>\nis quoted.", "X: <think>Y</think>\nis quoted."),
        ("<thinking>Y</thinking>X", "<thinking>Y</thinking>X"),
        # Only the first is a thought.
        ("<think>a</think>X <think>b</think>", "X <think>b</think>"),
    ],
)
def test_the_answer_begins_after_the_thought(text: str, answer: str) -> None:
    assert text[thought(text) :] == answer


@given(
    st.text().filter(lambda text: "</think>" not in text),
    st.text().filter(lambda text: "think>" not in text),
)
def test_any_thought_is_found_before_any_answer(before: str, answer: str) -> None:
    text = f"<think>{before}</think>\n\n{answer}"
    assert text[thought(text) :] == answer.lstrip()


@given(st.text())
def test_the_length_is_one_of_the_text(text: str) -> None:
    assert 0 <= thought(text) <= len(text)


@pytest.mark.parametrize("text", ["<think>" * 50_000, "think> " * 50_000, "a</think>" * 50_000])
def test_a_long_text_takes_no_time(text: str) -> None:
    began = time.process_time()
    thought(text)
    assert time.process_time() - began < 1.0
