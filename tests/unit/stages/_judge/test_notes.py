"""The notes tell how far a judge can be trusted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.chat.models import request_id

if TYPE_CHECKING:
    from prefdata.protocols import ChatRequest

__all__: list[str] = []

_BIAS = re.compile(r"position bias (\S+) \(95 %: (\S+) to (\S+);")


def test_the_notes_tell_of_bias_and_agreement(court: Any) -> None:
    assert court.judge().notes == (
        "m, overall: 8 verdicts, 0 of them ties",
        (
            "m, overall: position bias +0.000 (95 %: -0.163 to +0.163; 0 is none, +0.5 always the "
            "first); 100.0% of 4 pairs have the same verdict in both orders"
        ),
        # Two of three annotators prefer the longer one, and so does the judge.
        "m, overall: agrees with 4 of 4 pairs (100.0%); undecided on 0 more",
    )


def test_a_judge_that_always_takes_the_first_prefers_nobody(court: Any) -> None:
    said, bias, agreed = court.judge(lambda *_: "A", aspects="style").notes
    assert said == "m, style: 8 verdicts, 0 of them ties"
    assert "position bias +0.500" in bias
    assert "0.0% of 4 pairs" in bias
    assert agreed == "m, style: agrees with 0 of 0 pairs of other aspects; undecided on 4 more"


def test_as_many_pairs_either_way_are_no_label(court: Any) -> None:
    court.pair("p", "b", "a", "w")
    assert court.judge().notes[-1].startswith("m, overall: agrees with 3 of 3 pairs")


def test_what_was_rejected_is_told(court: Any) -> None:
    notes = court.judge(lambda *_: "Hm.").notes
    assert notes == ("m, overall: 0 verdicts, 0 of them ties; rejected: unreadable-verdict 8",)


def test_ratings_tell_their_mean_and_how_many_values_they_use(court: Any) -> None:
    def script(request: ChatRequest, _purpose: str) -> str:
        return "3" if court.shown(request)["Response"].startswith("short") else "10"

    (note,) = court.judge(script, protocol="rating").notes
    assert note == "m, overall: 6 ratings, mean 7.67, 2 different values"
    (none,) = court.judge(lambda *_: "?", protocol="rating").notes
    assert none == "m, overall: 0 ratings; rejected: unreadable-verdict 6"


@pytest.mark.parametrize("planted", [0.0, 0.15, -0.25])
def test_a_planted_position_bias_lies_in_its_interval(empty: Any, planted: float) -> None:
    for i in range(300):
        empty.build.prompt(f"p{i}", f"Question {i}")
        empty.build.response(f"p{i}/a", "yes")
        empty.build.response(f"p{i}/b", "no")
        empty.pair(f"p{i}", "a", "b")

    def script(request: ChatRequest, _purpose: str) -> str:
        # A coin for each request, thrown by its digest: 0.5 and the bias for the first.
        coin = int(request_id(request)[:8], 16) / 16**8
        return "A" if coin < 0.5 + planted else "B"

    match = _BIAS.search(empty.judge(script).notes[1])
    assert match is not None
    _, low, high = map(float, match.groups())
    assert low <= planted <= high
    assert high - low < 0.1
