"""A price is told without sending anything, and after a pilot it is near what is paid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.recipes import Recipe
from prefdata.runner import price, run
from prefdata.testing.chat_server import ChatServer
from prefdata.testing.colleague import colleague

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

__all__: list[str] = []

Put = Callable[..., None]


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(colleague) as server:
        yield server


def _recipe(server: ChatServer, limit: int) -> Recipe:
    chat = {
        "model": "colleague",
        "base_url": server.base_url,
        "price": {"input": 1.0, "output": 4.0},
    }
    judge = {"models": chat, "limit": limit}
    write = {"model": chat, "kinds": ["general"], "limit": limit}
    steps: list[Any] = [
        "make-pairs",
        {"stage": "judge", "params": judge},
        {"stage": "write-rationales", "params": write},
        {"stage": "gate-rationales", "params": {"judge": chat, "controls": 0}},
    ]
    return Recipe.model_validate({"name": "r", "steps": steps})


def test_nothing_is_sent_and_nothing_is_committed(
    catalog: Catalog, put: Put, server: ChatServer
) -> None:
    put("a", 12)
    before = catalog.head()
    lines = price(catalog, _recipe(server, 10))
    assert lines[0].step == "judge"
    # The stand-ins of these few words pass no gate, so no judge would read them.
    assert {line.step for line in lines} == {"judge", "write-rationales"}
    assert all((line.cost or 0) > 0 and line.calibrated_by == 0 for line in lines)
    assert server.log.n_received == 0
    assert catalog.head() == before


def test_what_is_done_costs_nothing(catalog: Catalog, put: Put, server: ChatServer) -> None:
    put("a", 12)
    run(catalog, _recipe(server, 10))
    n_received = server.log.n_received
    assert sum(line.cost or 0 for line in price(catalog, _recipe(server, 10))) == 0
    assert server.log.n_received == n_received


def test_after_a_pilot_the_price_is_near_what_is_paid(
    catalog: Catalog, put: Put, server: ChatServer
) -> None:
    put("a", 200)
    run(catalog, _recipe(server, 50))
    expected = sum(line.cost or 0 for line in price(catalog, _recipe(server, 180)))

    def paid() -> float:
        ((total,),) = catalog.sql("SELECT sum(cost) FROM spending_summary").fetchall()
        return float(total)

    before = paid()
    run(catalog, _recipe(server, 180))
    assert expected == pytest.approx(paid() - before, rel=0.1)
