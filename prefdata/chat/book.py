"""The way from the event loop to the journal: what happens in one turn is written together.

A transaction for each request would take a good part of the processor at a thousand requests a
second, so attempts and answers are collected while the loop is at work on what has arrived, and
written before it waits again. A request is sent only after its attempt is written.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, NamedTuple

from prefdata.chat.ledger import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.chat.budget import Committed
    from prefdata.chat.journal import Account, Journal
    from prefdata.chat.kept import AnswerRow

__all__ = ["Book", "OverBudgetError"]


_REST_SECONDS = 0.001
"""Between two transactions; each takes a tenth of that, and answers take many times as long."""


class OverBudgetError(Exception):
    """The next request may cost more than is left."""

    def __init__(self, spent: float, most: float) -> None:
        """Note what was spent, and the most that the next request may cost."""
        super().__init__(spent, most)
        self.spent = spent
        self.most = most


class _Waiter(NamedTuple):
    most: Sequence[float]
    granted: asyncio.Future[list[int]]


class Book:
    """Attempts and answers of one call, on their way to the journal."""

    def __init__(
        self, journal: Journal, account: Account, budget: float | None, committed: Committed
    ) -> None:
        """Begin a stretch; a budget of None is without end."""
        self._journal = journal
        self._account = account
        self._budget = budget
        self._committed = committed
        self._n_moves = -1
        self._held = 0.0
        self._in_flight: set[int] = set()
        self._waiting: list[_Waiter] = []
        self._settled: list[int] = []
        self._rows: list[AnswerRow] = []
        self._tally = Tally()
        self._is_due = False
        self._written = -math.inf
        self._loop: asyncio.AbstractEventLoop | None = None
        self.total = Tally()
        """Counts of all attempts of this call that have come to their end."""
        self.n_uncommitted = 0
        """Answers that are not in the tables yet."""
        self.stretch = journal.begin(account)

    async def reserve(self, most: Sequence[float]) -> list[int]:
        """Wait until requests may be sent and are written down as sent.

        Args:
            most: The most that each may cost.

        Returns:
            Numbers of the attempts; fewer than were asked for where the budget allows no more.

        Raises:
            OverBudgetError: If it does not allow the first, and nothing is on its way any more
                that could cost less than was feared.
        """
        loop = self._loop = asyncio.get_running_loop()
        granted: asyncio.Future[list[int]] = loop.create_future()
        self._waiting.append(_Waiter(most, granted))
        self._call_soon()
        try:
            return await granted
        except asyncio.CancelledError:
            # Granted and cancelled in one turn: they are not sent.
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                for number in granted.result():
                    self.settle(number, Tally())
            raise

    def settle(self, number: int, tally: Tally, *, held: float = 0.0) -> None:
        """Write what an attempt has come to.

        Args:
            number: The attempt.
            tally: Its counts.
            held: What stays reserved until the end of this call.
        """
        self._in_flight.discard(number)
        self._settled.append(number)
        self._tally.add(tally)
        self.total.add(tally)
        self._held += held
        self._call_soon()

    def keep(self, row: AnswerRow) -> None:
        """Write the final answer to a request."""
        self._rows.append(row)
        self._tally.n_answers += 1
        self.total.n_answers += 1
        self.n_uncommitted += 1
        self._call_soon()

    def _call_soon(self) -> None:
        if self._is_due or self._loop is None:
            return
        self._is_due = True
        # At the end of this turn, or a little later where the last one was just now.
        wait = self._written + _REST_SECONDS - self._loop.time()
        if wait > 0:
            self._loop.call_later(wait, self._turn)
        else:
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._is_due = False
        if self._loop is not None:
            self._written = self._loop.time()
        try:
            self.write()
        except Exception as error:  # noqa: BLE001 - raised where somebody waits for it
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                if not waiter.granted.done():
                    waiter.granted.set_exception(error)

    def write(self) -> None:
        """Write what has gathered, and let go what may be sent.

        Raises:
            SetupError: If the journal cannot be written; what has gathered stays.
        """
        waiting = [waiter for waiter in self._waiting if not waiter.granted.done()]
        if not (self._settled or self._rows or waiting):
            return
        grants: list[tuple[_Waiter, list[int]]] = []
        with self._journal.writing():
            if self._settled or self._rows:
                self._journal.settle(self.stretch, self._settled, self._tally, self._rows)
            left, refused = self._left() if waiting else math.inf, None
            n_on_way = len(self._in_flight)
            for waiter in waiting:
                n = _n_within(waiter.most, left)
                if n < len(waiter.most) and n_on_way:
                    break  # what is on its way may cost less than was feared
                if not n:
                    refused = OverBudgetError((self._budget or 0.0) - left, waiter.most[0])
                    break
                grants.append((waiter, self._journal.reserve(self.stretch, waiter.most[:n])))
                left -= math.fsum(waiter.most[:n])
                n_on_way += n
        self._settled, self._rows, self._tally = [], [], Tally()
        self._waiting = waiting[len(grants) :]
        for waiter, numbers in grants:
            self._in_flight.update(numbers)
            waiter.granted.set_result(numbers)
        if refused is not None:
            for waiter in self._waiting:
                waiter.granted.set_exception(refused)
            self._waiting = []

    def _left(self) -> float:
        """Return what may still be spent; to be called within a transaction of the journal."""
        if self._budget is None:
            return math.inf
        n_moves = self._journal.n_moves()
        if n_moves != self._n_moves:
            # Some process moved rows to the table, so its sum is another one now.
            self._committed.read()
            self._n_moves = n_moves
        here = self._journal.spent(self._account, self._committed.stretches)
        return self._budget - self._committed.cost - here - self._held

    def roll(self) -> None:
        """Write what has gathered, and begin a new stretch; the old one may be moved."""
        self.write()
        self.stretch = self._journal.roll(self.stretch, self._account)
        self.n_uncommitted = 0

    def end(self) -> None:
        """Write what has gathered and close the stretch; what is still on its way is lost."""
        self._loop = None
        self._waiting = []
        self.write()
        self.total.add(self._journal.close(self.stretch))


def _n_within(most: Sequence[float], left: float) -> int:
    """Return how many of the first costs fit into what is left."""
    total, n = 0.0, 0
    for cost in most:
        total += cost
        if total > left:
            break
        n += 1
    return n
