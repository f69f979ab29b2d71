"""An answer is one JSON object, or it is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.chat.objects import read_object, without_thoughts

__all__: list[str] = []

_TEXTS = st.text(max_size=12)


@settings(max_examples=30)
@given(
    said=st.dictionaries(_TEXTS, _TEXTS | st.lists(_TEXTS, max_size=3), max_size=3),
    is_ascii=st.booleans(),
)
def test_an_object_comes_back_as_it_was_written(*, said: dict[str, object], is_ascii: bool) -> None:
    text = json.dumps({"a": 1, **said}, ensure_ascii=is_ascii)
    for written in (text, f"<think>{{}}</think>\n{text}", f"```json\n{text}\n```"):
        assert read_object(written) == {"a": 1, **said}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('Here it is: {"a": 1}', "no JSON object"),
        ('{"a": 1}\nHope this helps!', "no JSON object"),
        ("[1, 2]", "no JSON object"),
        ('{"a": 1, "a": 2}', "a key is there twice"),
        ('{"a": {"b": 1, "b": 1}}', "a key is there twice"),
        ('{"a": "half \\ud83d"}', "surrogate"),
        ('{"a": ', "no JSON object"),
        ("[" * 100_000 + "1", "no JSON object"),
        ('<think>{"a": 1}', "have no end"),
        ("<think>hm</think> ...", "no words"),
        ("", "no words"),
    ],
)
def test_anything_else_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_object(text)


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert read_object('{"a": "\\ud83d\\ude00"}') == {"a": "\N{GRINNING FACE}"}


def test_thoughts_are_left_out() -> None:
    assert without_thoughts(" <think>a</think> b <think>c</think> ") == "b <think>c</think>"
