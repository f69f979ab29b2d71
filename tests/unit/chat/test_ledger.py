"""Prices of tokens, and counts of attempts."""

from __future__ import annotations

import typing
from typing import Any

import pytest

from prefdata.chat.ledger import FREE_FAULTS, Tally, price_of, tally
from prefdata.protocols import ChatFault, ChatReply, Price, Usage
from prefdata.protocols.chat import FaultKind
from prefdata.schema import table_schema

__all__: list[str] = []

_PRICE = Price(input=2.0, output=10.0, cached_input=0.5)


def test_a_million_tokens_cost_their_price() -> None:
    usage = Usage(1_000_000, 100_000, 400_000)
    assert price_of(usage, _PRICE) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.1 * 10)
    assert price_of(usage, Price(input=2.0, output=10.0)) == pytest.approx(2 + 1)
    # Servers have been seen to count more cached tokens than there were.
    assert price_of(Usage(10, 0, 20), _PRICE) == pytest.approx(10 * 0.5e-6)


def test_the_counts_are_columns_of_the_ledger() -> None:
    assert set(Tally.names()) < set(table_schema("spending").columns)
    first, second = Tally(n_answers=1, cost=0.5), Tally(n_answers=2, n_lost=1)
    first.add(second)
    assert dict(zip(first.names(), first.values(), strict=True)) == {
        **dict.fromkeys(first.names(), 0),
        "n_answers": 3,
        "n_lost": 1,
        "cost": 0.5,
    }


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (ChatReply("x", usage=Usage(5, 1)), {"prompt_tokens": 5, "completion_tokens": 1}),
        (ChatReply("x"), {"uncertain_cost": 7.0}),
        (ChatReply(fault=ChatFault("timeout", "")), {"n_faults": 1, "uncertain_cost": 7.0}),
        (ChatReply(fault=ChatFault("rate-limited", "")), {"n_faults": 1}),
        (ChatReply(fault=ChatFault("missing", "")), {"n_attempts": 0}),
        (ChatReply(fault=ChatFault("connection", ""), usage=Usage(0, 0)), {"n_faults": 1}),
    ],
)
def test_an_attempt_is_counted_once(reply: ChatReply, expected: dict[str, Any]) -> None:
    counts = tally(reply, Price(input=0, output=0), 7.0, is_unreadable=False)
    assert counts == Tally(**({"n_attempts": 1} | expected))


def test_a_text_that_cannot_be_read_is_paid_for() -> None:
    counts = tally(ChatReply("x", usage=Usage(0, 100)), _PRICE, 7.0, is_unreadable=True)
    assert (counts.n_unreadable, counts.n_faults) == (1, 0)
    assert counts.cost == pytest.approx(1e-3)


def test_what_a_server_refused_is_free() -> None:
    kinds = set(typing.get_args(FaultKind))
    assert kinds - FREE_FAULTS == {"server", "connection", "timeout", "malformed", "empty"}
