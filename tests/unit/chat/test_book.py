"""Nothing is sent that the budget may not bear, whatever it costs in the end."""

from __future__ import annotations

import asyncio
import itertools
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefdata.chat.book import Book, OverBudgetError
from prefdata.chat.budget import Committed
from prefdata.chat.commits import move
from prefdata.chat.journal import Account, Journal
from prefdata.chat.kept import AnswerRow
from prefdata.chat.known import chat_folder
from prefdata.chat.ledger import Tally
from prefdata.core.errors import BudgetError
from prefdata.protocols import ChatFault, ChatReply, Price, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prefdata.catalog import Catalog

__all__: list[str] = []

_ACCOUNT = Account("step", "purpose", "chat", "m", "server", "USD")
_RUNS = itertools.count()


@pytest.fixture
def journal(catalog: Catalog) -> Iterator[Journal]:
    with Journal(chat_folder(catalog)) as opened:
        yield opened


def _book(catalog: Catalog, journal: Journal, budget: float | None) -> Book:
    return Book(journal, _ACCOUNT, budget, Committed(catalog, _ACCOUNT))


def _paid(cost: float) -> Tally:
    return Tally(n_attempts=1, cost=cost)


def test_who_does_not_fit_waits_for_what_is_on_its_way(catalog: Catalog, journal: Journal) -> None:
    async def work() -> None:
        book = _book(catalog, journal, 1.0)
        (first,) = await book.reserve([0.6])
        second = asyncio.create_task(book.reserve([0.6]))
        third = asyncio.create_task(book.reserve([0.1]))
        await asyncio.sleep(0.01)
        # Nobody overtakes: the small one could keep the large one waiting for ever.
        assert not second.done()
        assert not third.done()
        book.settle(first, _paid(0.2))
        assert (await second, await third) == ([1], [2])
        book.settle(1, _paid(0.6))
        book.settle(2, _paid(0.1))
        with pytest.raises(OverBudgetError) as caught:
            await book.reserve([0.11])
        assert caught.value.spent == pytest.approx(0.9)
        assert caught.value.most == 0.11
        assert await book.reserve([0.1]) == [3]

    asyncio.run(work())


def test_of_a_group_goes_what_fits(catalog: Catalog, journal: Journal) -> None:
    async def work() -> None:
        book = _book(catalog, journal, 1.0)
        assert await book.reserve([0.4] * 5) == [0, 1]
        book.settle(0, _paid(0.0))
        book.settle(1, _paid(0.0), held=0.4)
        assert await book.reserve([0.4] * 5) == [2]

    asyncio.run(work())


def test_who_gives_up_is_not_counted_as_sent(catalog: Catalog, journal: Journal) -> None:
    async def work() -> None:
        book = _book(catalog, journal, 1.0)
        waiting = asyncio.create_task(book.reserve([0.6]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # granted by now, and not told yet
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert len(await book.reserve([0.6])) == 1
        book.end()
        assert (book.total.n_attempts, book.total.n_lost) == (1, 1)

    asyncio.run(work())


def test_processes_share_a_budget(catalog: Catalog, journal: Journal) -> None:
    async def work(other: Journal) -> None:
        ours, theirs = _book(catalog, journal, 1.0), _book(catalog, other, 1.0)
        (number,) = await theirs.reserve([0.7])
        with pytest.raises(OverBudgetError):
            await ours.reserve([0.4])
        theirs.settle(number, _paid(0.5))
        theirs.end()
        # What they move to the tables is seen there.
        move(catalog, other)
        with pytest.raises(OverBudgetError):
            await ours.reserve([0.6])
        assert await ours.reserve([0.5]) == [0]

    with Journal(chat_folder(catalog)) as other:
        asyncio.run(work(other))


def test_a_journal_that_fails_is_told_to_who_waits_and_keeps_what_gathered(
    catalog: Catalog, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        book = _book(catalog, journal, None)
        (number,) = await book.reserve([0.0])
        book.settle(number, _paid(0.0))
        book.keep(AnswerRow("r", None, "ok", "x", None, None, 1, 0, 1, 1, 1, None))
        with monkeypatch.context() as broken:
            broken.setattr(journal, "reserve", lambda *_: 1 // 0)
            with pytest.raises(ZeroDivisionError):
                await book.reserve([0.0])
        book.end()
        assert [row.request for row in journal.answers(book.stretch)] == ["r"]
        assert book.total == Tally(n_answers=1, n_attempts=1)

    asyncio.run(work())


_ENDS = st.sampled_from(["ok"] * 5 + ["rate-limited", "server", "timeout", "request"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(
    lengths=st.lists(st.integers(1, 400), min_size=1, max_size=30),
    ends=st.lists(st.tuples(_ENDS, st.integers(1, 20)), min_size=1, max_size=40),
    prices=st.tuples(st.floats(0, 1e4), st.floats(0, 1e4)),
    budget=st.floats(0, 20),
    concurrency=st.integers(1, 16),
)
def test_the_budget_is_never_exceeded_and_used_up_to_one_request(  # noqa: PLR0913, PLR0917 - drawn
    lengths: list[int],
    ends: list[tuple[str, int]],
    prices: tuple[float, float],
    budget: float,
    concurrency: int,
    get: Any,
    toy: Any,
    params: Any,
    ask: Any,
    sums: Callable[..., tuple[Any, ...]],
) -> None:
    run = f"run-{next(_RUNS)}"
    toy.asked, toy.replies = [], []

    def script(request: Any, i: int) -> ChatReply:
        end, size = ends[i % len(ends)]
        kind: Any = end
        if end != "ok":
            return ChatReply(fault=ChatFault(kind, "So."))
        n_chars = len(request.messages[0]["content"])
        return ChatReply("x", "stop", Usage(n_chars // (1 + i % 4), size))

    toy.script = script
    price = Price(input=prices[0], output=prices[1])
    model = params(price=price, budget=budget, concurrency=concurrency, attempts=4)
    requests = ask(*(f"{i} " + "w" * length for i, length in enumerate(lengths)))
    most = ((403 + 64 + 16) * price.input + 20 * price.output) / 1e6
    for _ in range(2):
        told: Exception | None = None
        try:
            get(requests, model, step=run)
        except Exception as error:  # noqa: BLE001 - of all of them the money must be right
            told = error
        spent = math.fsum(sums("cost", "uncertain_cost", step=run))
        assert spent <= budget * (1 + 1e-9)
        if isinstance(told, BudgetError):
            assert budget - spent < most
    usages = [reply.usage for reply in toy.replies if reply.usage]
    billed = sum(u.prompt_tokens * price.input + u.completion_tokens * price.output for u in usages)
    assert billed / 1e6 <= spent * (1 + 1e-9) + 1e-12
