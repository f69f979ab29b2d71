"""What follows from lengths is what comes of cutting the tokens themselves."""

from __future__ import annotations

from typing import Literal, NamedTuple

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from prefdata.protocols import Tokenization
from prefdata.trainability.findings import found
from prefdata.trainability.flags import FATAL
from prefdata.trainability.tokens import MEASURES

__all__: list[str] = []

_End = Literal["keep-start", "keep-end"]
_ENDS = st.sampled_from(("keep-start", "keep-end"))
# Two kinds of token and short texts, so that equal ones are common.
_TOKENS = st.lists(st.integers(0, 1), max_size=5)
_LENGTHS = st.integers(2, 12)


class Tokens(NamedTuple):
    """A pair as a trainer tokenises it: responses begin where the prompt ends."""

    prompt: list[int]
    chosen: list[int]
    rejected: list[int]


_PAIRS = st.builds(Tokens, _TOKENS, _TOKENS, _TOKENS)


def _same(left: list[int], right: list[int]) -> int:
    pairs = zip(left, right, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))


def _flags(pair: Tokens, max_length: int, truncation: _End) -> dict[str, float]:
    """Return flags and values, by way of the lengths."""
    row = {
        "pair_id": "p",
        "is_about_roles": False,
        "n_prompt_alone": len(pair.prompt),
        "n_prompt": len(pair.prompt),
        "n_chosen": len(pair.chosen),
        "n_rejected": len(pair.rejected),
        "n_same_start": _same(pair.chosen, pair.rejected),
        "n_same_end": _same(pair.chosen[::-1], pair.rejected[::-1]),
        "has_ends": True,
    }
    params = Tokenization(tokenizer="any", max_length=max_length, truncation=truncation)
    findings = found(pl.DataFrame([row], schema=MEASURES), params)
    return dict(findings.select("flag", "value").iter_rows())


def _cut(pair: Tokens, max_length: int, truncation: _End) -> list[list[tuple[int, int]]]:
    """Return what TRL's collator makes of both sides: tokens, and whether they are trained on."""
    part = slice(max_length) if truncation == "keep-start" else slice(-max_length, None)
    return [
        [*((token, 0) for token in pair.prompt), *((token, 1) for token in side)][part]
        for side in (pair.chosen, pair.rejected)
    ]


@given(_PAIRS, _LENGTHS, _ENDS)
def test_flags_are_those_of_the_cut_tokens(pair: Tokens, max_length: int, truncation: _End) -> None:
    flags = _flags(pair, max_length, truncation)
    chosen, rejected = _cut(pair, max_length, truncation)
    kept = [sum(mask for _, mask in side) for side in (chosen, rejected)]
    lost = len(pair.chosen) + len(pair.rejected) - sum(kept)
    is_left_out = truncation == "keep-start" and len(pair.prompt) >= max_length
    was_empty = not (pair.chosen and pair.rejected)
    was_same = pair.chosen == pair.rejected != []
    assert ("prompt-over-limit" in flags) == is_left_out
    assert ("untrainable-empty" in flags) == was_empty
    assert ("identical-tokens" in flags) == was_same
    assert (is_left_out or was_empty) == (min(kept) == 0)
    if min(kept) > 0:
        assert ("untrainable-identical" in flags) == (chosen == rejected and not was_same)
    if not FATAL.intersection(flags):
        assert chosen != rejected
        assert flags.get("truncated", 0) == lost
        n_prompt = [len(side) - n for side, n in zip((chosen, rejected), kept, strict=True)]
        assert flags.get("prompt-cut", 0) == len(pair.prompt) - min(n_prompt)


@given(_PAIRS, _LENGTHS, _ENDS)
def test_more_room_never_costs_a_pair(pair: Tokens, max_length: int, truncation: _End) -> None:
    """A pair may turn from over the limit to identical, but what can be trained on stays so."""
    less = _flags(pair, max_length, truncation)
    more = _flags(pair, max_length + 1, truncation)
    assert not FATAL.intersection(more) or FATAL.intersection(less)
    if "untrainable-identical" in more and "untrainable-identical" not in less:
        assert "prompt-over-limit" in less
    cuts = ("truncated", "prompt-cut")
    if not FATAL.intersection(less):
        assert all(more.get(flag, 0) <= less.get(flag, 0) for flag in cuts)


@given(_PAIRS, _ENDS)
def test_with_room_for_all_nothing_is_cut(pair: Tokens, truncation: _End) -> None:
    assert set(_flags(pair, 20, truncation)) <= {"identical-tokens", "untrainable-empty"}
