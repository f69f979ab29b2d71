"""An estimate sends nothing, counts what is missing once, and comes close after a pilot."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.chat.estimate import ChatEstimator
from prefdata.chat.journal import Account, Journal
from prefdata.chat.known import chat_folder
from prefdata.core.errors import BackendError
from prefdata.protocols import ChatReply, Usage

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

__all__: list[str] = []


def _estimate(made: ChatEstimator, requests: Any, model: Any, **more: Any) -> Any:
    given = {"purpose": "test", "step": "step"} | more
    return made.get(requests, model=model, **given)


def test_nothing_is_sent_and_nothing_is_written(
    get: Any, catalog: Catalog, toy: Any, params: Any, ask: Any
) -> None:
    get(ask("a"), params())
    before = (catalog.head().number, len(toy.asked), toy.n_opened)
    made = ChatEstimator(catalog)
    got = _estimate(made, ask("b", "a", "b", stand_in="yes"), params())
    assert [(a.text, a.status) for a in got.answers] == [
        *[("yes", "ok"), ("Echo: a", "ok"), ("yes", "ok")],
    ]
    assert got.answers[0].alternatives is None
    assert got.n_asked == 1
    assert (catalog.head().number, len(toy.asked), toy.n_opened) == before
    (line,) = made.lines
    assert (line.n_requests, line.n_known, line.calibrated_by) == (2, 1, 0)
    assert (line.step, line.purpose, line.model, line.server) == ("step", "test", "m", "toy-server")


def test_a_missing_request_is_counted_once(
    catalog: Catalog, toy: Any, params: Any, ask: Any
) -> None:
    made = ChatEstimator(catalog)
    _estimate(made, ask("a", "b"), params())
    _estimate(made, ask("b", "c"), params())
    _estimate(made, ask("c", "d"), params(), step="later")
    _estimate(made, ask("c"), params(model="n", price=None))
    counts = [(line.step, line.model, line.n_requests, line.n_known) for line in made.lines]
    assert counts == [("step", "m", 3, 0), ("later", "m", 2, 1), ("step", "n", 1, 0)]
    assert made.lines[2].cost is None
    first, second = made.lines[:2]
    assert first.cost is not None
    assert second.cost == pytest.approx(first.cost / 3)
    assert first.cost == pytest.approx(
        first.prompt_tokens * 1e-3 + first.completion_tokens * 2e-3, rel=0.1
    )


def test_what_counts_against_the_budget_is_told(
    get: Any, catalog: Catalog, toy: Any, params: Any, ask: Any, fault: Any, sums: Any
) -> None:
    toy.by_text(lambda text: fault("server" if text == "b" else "rate-limited"))
    with pytest.raises(BackendError):
        get(ask("b"), params(attempts=1), purpose="other")
    uncertain = sums("uncertain_cost")[0]
    # What a live process has sent and not moved yet counts, too.
    account = Account("step", "third", "c", "m", "toy-server", "USD")
    with Journal(chat_folder(catalog)) as journal:
        stretch = journal.begin(account)
        with journal.writing():
            journal.reserve(stretch, [0.5])
        made = ChatEstimator(catalog)
        _estimate(made, ask("a"), params(budget=1.0))
        _estimate(made, ask("a"), params(), step="later")
    first, second = made.lines
    assert first.budget == 1.0
    assert first.spent == pytest.approx(uncertain + 0.5)
    assert (second.budget, second.spent) == (None, 0)


def test_after_a_pilot_the_price_is_right_within_a_tenth(
    get: Any, catalog: Catalog, toy: Any, params: Any, ask: Any, sums: Any
) -> None:
    """The server counts 20 tokens more than a third of the characters, and answers as it likes."""
    chance = random.Random(0)  # noqa: S311 - a test

    def script(request: Any, _: int) -> ChatReply:
        n_chars = len(request.messages[0]["content"])
        # One answer in ten cannot be read, and is paid for all the same.
        text = "bad" if chance.random() < 0.1 else "good"
        return ChatReply(text, "stop", Usage(20 + n_chars // 3, chance.randint(2, 12)))

    def read(text: str) -> None:
        if text == "bad":
            raise ValueError(text)

    toy.script = script
    texts = [f"{i} " + "w" * chance.randint(50, 600) for i in range(500)]
    model = params(rereads=5)
    get(ask(*texts[:60]), model, read=read)
    (spent,) = sums("cost")
    made = ChatEstimator(catalog)
    _estimate(made, ask(*texts), model)
    (line,) = made.lines
    assert (line.n_known, line.calibrated_by) == (60, 60)
    get(ask(*texts), model, read=read)
    (total,) = sums("cost")
    assert line.cost == pytest.approx(total - spent, rel=0.1)
