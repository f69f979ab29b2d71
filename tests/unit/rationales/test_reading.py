"""Answers of writers, read strictly."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.rationales.reading import BlindAnswer, read_blind, read_text

__all__: list[str] = []

_words = st.text(min_size=1).filter(lambda text: any(c.isalnum() for c in text))


@given(_words, st.sampled_from(["X", "Y", "tie"]))
def test_what_is_written_as_json_is_read_back(reason: str, verdict: str) -> None:
    said = json.dumps({"reason": reason, "verdict": verdict})
    reads = [said, f"```json\n{said}\n```", f"<think>X? Y?</think>\n{said}", f"\n {said} "]
    for text in reads:
        read = read_blind(text)
        assert (read.reason, read.verdict) == (read_text(reason), verdict)


@pytest.mark.parametrize("verdict", ["x", " X", "X "])
def test_a_verdict_may_be_spelt_small(verdict: str) -> None:
    read = read_blind(json.dumps({"reason": "it is", "verdict": verdict}))
    assert read == BlindAnswer(reason="it is", verdict="X")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "X is better.",
        '{"reason": "it is", "verdict": "X"',
        '{"reason": "it is", "verdict": "X or Y"}',
        '{"reason": "it is", "verdict": null}',
        '{"reason": "it is"}',
        '{"reason": " - ", "verdict": "X"}',
        '{"reason": ["it is"], "verdict": "X"}',
        '{"verdict": "X", "reason": "it is", "verdict": "Y"}',
        '[{"reason": "it is", "verdict": "X"}]',
        'Sure! {"reason": "it is", "verdict": "X"}',
        '<think>{"reason": "it is", "verdict": "X"}',
        "\ud800",
    ],
)
def test_anything_else_is_unreadable_and_never_a_guess(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_blind(text)


@given(st.text())
def test_every_text_is_read_or_refused(text: str) -> None:
    for read in (read_text, read_blind):
        with contextlib.suppress(ValueError):
            assert read(text)


def test_a_text_is_what_stands_behind_the_thoughts() -> None:
    assert read_text(" X is better. \n") == "X is better."
    assert read_text("<think>hm</think>\n\nX is better.") == "X is better."
    for empty in ("", " \n", "...", "<think>hm</think>", "<think>X is better"):
        with pytest.raises(ValueError, match=r"words|thoughts"):
            read_text(empty)
