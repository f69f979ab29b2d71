"""The most that a request may cost is never less than what it costs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.chat.budget import Bounds, Committed
from prefdata.chat.journal import Account
from prefdata.chat.ledger import price_of
from prefdata.protocols import ChatParams, ChatRequest, Price, Usage
from prefdata.schema import conform, table_schema

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

__all__: list[str] = []

_PRICE = Price(input=3.0, output=15.0, cached_input=0.3)


def _request(text: str, **more: Any) -> ChatRequest:
    return ChatRequest(({"role": "user", "content": text},), **({"max_tokens": 10} | more))


@given(
    st.text(max_size=50),
    st.integers(1, 100),
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
)
def test_no_usage_within_the_bounds_costs_more(
    text: str, max_tokens: int, shares: tuple[float, float, float]
) -> None:
    """A tokeniser of bytes makes a byte a token at most, and a template adds some tens."""
    bounds = Bounds(ChatParams(model="m", price=_PRICE))
    request = _request(text, max_tokens=max_tokens)
    asked = round(shares[0] * (len(text.encode()) + 60))
    usage = Usage(asked, round(shares[1] * max_tokens), round(shares[2] * asked))
    assert price_of(usage, _PRICE) <= bounds.cost(request) * (1 + 1e-12)
    assert usage.prompt_tokens + usage.completion_tokens <= bounds.tokens(request)


def test_what_the_server_has_shown_is_learned() -> None:
    bounds = Bounds(ChatParams(model="m"))
    before = bounds.prompt_tokens(_request("abcd"))
    bounds.learn(_request("ab"), Usage(50, 1))
    assert bounds.prompt_tokens(_request("abcd")) == before
    bounds.learn(_request("ab"), Usage(502, 1))
    assert bounds.prompt_tokens(_request("abcd")) == 504
    assert Bounds(ChatParams(model="m"), shown=500).prompt_tokens(_request("abcd")) == 504


def test_schemas_and_further_fields_count() -> None:
    plain, more = ChatParams(model="m"), ChatParams(model="m", extra_body={"tools": ["t" * 100]})
    request = _request("a")
    assert Bounds(more).prompt_tokens(request) > Bounds(plain).prompt_tokens(request) + 100
    schema = Bounds(plain).prompt_tokens(_request("a", schema="x" * 90))
    assert schema == Bounds(plain).prompt_tokens(request) + 90
    assert Bounds(plain).cost(request) == 0


def test_what_is_committed_is_read_for_one_step_and_model(catalog: Catalog) -> None:
    account = Account("judge", "p", "c", "m", "s", "USD")
    rows = [
        {"spending_id": str(i), "step": "judge", "purpose": f"p{i}", "chat": f"c{i}", "model": "m"}
        | {"server": "s", "currency": "USD", "cost": 1.0, "uncertain_cost": 0.25}
        | dict.fromkeys(
            ("n_answers", "n_attempts", "n_faults", "n_unreadable", "n_lost", "prompt_tokens"), 0
        )
        | {"cached_tokens": 0, "completion_tokens": 0, "duration_seconds": 0.0}
        | {"started_at": datetime(2026, 1, 1)}  # noqa: DTZ001 - UTC
        | other
        for i, other in enumerate(
            [{}, {}, {"step": "x"}, {"model": "x"}, {"server": "x"}, {"currency": "EUR"}]
        )
    ]
    with catalog.write() as write:
        write.put("spending", (), conform(pl.DataFrame(rows), table_schema("spending")))
        write.commit("rows")
    committed = Committed(catalog, account)
    assert (committed.cost, committed.stretches) == (0.0, frozenset())
    committed.read()
    assert committed.cost == pytest.approx(2.5)
    assert committed.stretches == {"0", "1"}
