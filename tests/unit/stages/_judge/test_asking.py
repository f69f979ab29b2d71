"""What a judge is shown: both orders, no hint of the label, and no more than was asked for."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

__all__: list[str] = []

_TEXTS = ["long and good", "short", "of middle size", "words", "something else"]


def test_two_responses_are_compared_once_in_each_order(court: Any) -> None:
    result = court.judge()
    rows = result.tables["judgments"].to_dicts()
    # Two prompts, two comparisons each, two orders; four annotators of pairs do not matter.
    assert result.rows_in == len(rows) == len(court.requests) == 8
    for one, other in zip(rows[::2], rows[1::2], strict=True):
        assert one["response_ids"] == other["response_ids"][::-1]
        assert one["is_order_known"]
    assert court.winners(result) == [["p/a"]] * 2 + [["p/c"]] * 2 + [["q/a"]] * 2 + [["q/c"]] * 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(texts=st.lists(st.sampled_from(_TEXTS), min_size=2, max_size=2, unique_by=len))
def test_swapping_two_responses_swaps_the_verdict(empty: Any, texts: list[str]) -> None:
    winners = []
    for first, second in (texts, texts[::-1]):
        empty.build.rows.clear()
        empty.build.prompt("p", "Hi")
        empty.build.response("p/a", first)
        empty.build.response("p/b", second)
        empty.pair("p", "a", "b")
        winners.append(empty.winners(empty.judge()))
    swapped = {"p/a": "p/b", "p/b": "p/a"}
    assert [[swapped[name] for name in won] for won in winners[0]] == winners[1]


def test_whom_the_pairs_prefer_and_the_order_of_rows_change_nothing(court: Any) -> None:
    before = court.judge()
    for rows in court.build.rows.values():
        rows.reverse()
    for row in court.build.rows["pairs"]:
        row["chosen_id"], row["rejected_id"] = row["rejected_id"], row["chosen_id"]
    after = court.judge()
    assert after.tables["judgments"].equals(before.tables["judgments"])


def test_pairs_of_other_steps_are_not_judged(court: Any) -> None:
    court.build.rows["pairs"][0]["stage"] = "other"
    court.build.rows["pairs"][0]["rejected_id"] = "p/c"
    assert court.judge().rows_in == 8


def test_a_larger_limit_keeps_what_was_asked(court: Any) -> None:
    def asked(seed: int, **params: Any) -> set[str]:
        court.judge(seed=seed, **params)
        return {request.messages[1]["content"] for request in court.requests}

    for seed in range(5):
        sizes = [asked(seed, limit=limit) for limit in (1, 2, 3, 9)]
        assert [len(found) for found in sizes] == [2, 4, 6, 8]
        assert all(fewer < more for fewer, more in pairwise(sizes))
    assert len({frozenset(asked(seed, limit=1)) for seed in range(9)}) > 1


def test_one_order_is_drawn_for_about_half_of_the_pairs(empty: Any) -> None:
    for i in range(200):
        empty.build.prompt(f"p{i}", "Hi")
        empty.build.response(f"p{i}/a", f"one {i}")
        empty.build.response(f"p{i}/b", f"two and more {i}")
        empty.pair(f"p{i}", "a", "b")
    result = empty.judge(both_orders=False)
    firsts = result.tables["judgments"]["response_ids"].list.first().str.ends_with("/a")
    assert firsts.len() == 200
    assert 70 < firsts.sum() < 130
    assert "each pair was judged in one order" in result.notes[1]


def test_nothing_is_asked_about_two_responses_with_the_same_words(empty: Any) -> None:
    empty.build.prompt("p", "Hi")
    for key, text in zip("abc", ("Hello ", "\nHello", "Bye"), strict=True):
        empty.build.response(f"p/{key}", text)
    empty.pair("p", "a", "b")
    empty.pair("p", "b", "c")
    result = empty.judge()
    assert len(empty.requests) == 2
    assert result.rows_in == 4
    assert empty.rules(result) == ["identical-responses"] * 2


def test_the_responses_of_pairs_or_all_of_them_are_rated(court: Any) -> None:
    court.build.response("q/d", "no pair has it")
    assert court.judge(lambda *_: "7", protocol="rating", pairs=None).rows_in == 7
    assert court.judge(lambda *_: "7", protocol="rating").rows_in == 6
    limited = court.judge(lambda *_: "7", protocol="rating", limit=1)
    # All responses of one prompt: without the others a rating says little.
    assert limited.tables["judgments"]["response_ids"].list.len().to_list() == [3]


@pytest.mark.parametrize("protocol", ["pairwise", "rating"])
def test_an_empty_source_asks_nothing(empty: Any, protocol: str) -> None:
    result = empty.judge(protocol=protocol)
    assert (result.rows_in, empty.requests, result.notes) == (0, [], ())
    assert all(frame.is_empty() for frame in result.tables.values())
