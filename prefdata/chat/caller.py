"""Sends requests, several at once, until each has its answer or there is reason to stop.

A fixed number of workers takes groups of requests one after the other. A fault that may pass is
waited out by the worker that met it, so a server that is overrun gets fewer requests at once by
itself. What is on its way when there is reason to stop is waited for a while: it is paid for.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prefdata.chat.kept import AnswerRow
from prefdata.chat.ledger import tally
from prefdata.chat.replies import outcome
from prefdata.core.errors import InternalError
from prefdata.protocols import ChatFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prefdata.chat.book import Book
    from prefdata.chat.budget import Bounds
    from prefdata.chat.limits import Pace
    from prefdata.chat.requests import Job
    from prefdata.protocols import ChatAnswer, ChatModel, ChatParams, ChatReply

__all__ = ["Caller", "Patience", "RefusedError", "ServerGoneError"]

# The library that retries logs each one as a warning; without a handler Python would print it.
logging.getLogger("stamina").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server."""

    initial_seconds: float = 0.5
    """Before the second attempt, and jitter of the same length at most; doubled each time."""
    longest_seconds: float = 30.0
    longest_asked_seconds: float = 120.0
    """The longest that a server may ask us to wait; it is asked again then."""
    grace_seconds: float = 10.0
    """For what is on its way, when there is reason to stop."""
    refused_seconds: float = 1.0
    """The same where the server has refused access and answered nothing: it will refuse the others
    as fast, and a refusal that has come is known to cost nothing."""


class _FaultedError(Exception):
    """Requests whose last attempt brought a fault that may pass."""

    def __init__(self, jobs: list[Job]) -> None:
        super().__init__(f"{len(jobs)} requests")
        self.jobs = jobs


class RefusedError(Exception):
    """The server refuses all requests."""

    def __init__(self, fault: ChatFault) -> None:
        """Note what it said."""
        super().__init__(fault.kind)
        self.fault = fault


class ServerGoneError(Exception):
    """Requests have exhausted their attempts, and none was answered meanwhile.

    Where the server was never reached, `Caller.is_reached` is false, and there were fewer attempts.
    """


_FEWEST_EXHAUSTED = 3
_ALIKE = 100
"""So many requests refused, and none answered: it is not these requests that are wrong."""
_FEWEST_ALIKE = 3
_UNREACHED_ATTEMPTS = 4
"""Of one request, while there was no connection at all: the address is wrong or the server off,
which longer waiting seldom mends. With the waits between them about five seconds."""
_UNREACHED_SECONDS = 10.0
"""After so long fewer are enough: a connection to nowhere may take long to fail."""


@dataclass
class Caller:
    """Answers the requests of one call."""

    model: ChatModel
    params: ChatParams
    book: Book
    bounds: Bounds
    pace: Pace
    read: Callable[[str], object] | None
    n_workers: int
    has_answered: bool = False
    """Whether the model is known to have answered anything, in this call or before."""
    is_reached: bool = False
    """Whether there was a connection to the server, in this call or another of the same run."""
    on_fault: Callable[[ChatFault], None] = lambda _: None
    """Told each fault."""
    on_stop: Callable[[int, float], None] = lambda *_: None
    """Told after Ctrl-C how many groups are waited for, and for how many seconds at most."""
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        """Begin with nothing answered."""
        self.answers: dict[str, ChatAnswer] = {}
        self.exhausted: list[list[Job]] = []
        """Requests that met faults in all their attempts."""
        self.missing: list[Job] = []
        """Requests without an answer among those that were brought back."""
        self._refused: list[tuple[Job, AnswerRow]] = []
        self._n_exhausted_in_a_row = 0
        self._asking: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def run(self, groups: Sequence[list[Job]]) -> None:
        """Send requests until each is answered or has exhausted its attempts, twice.

        Raises:
            RefusedError: If the server refuses everything.
            ServerGoneError: If it has stopped answering, or was never reached.
            OverBudgetError: If the budget does not allow the next request.
            BackendError: If the model as a whole cannot go on.
        """
        self._n_requests = sum(map(len, groups))
        self._started = time.monotonic()
        await self._round(groups)
        if self.exhausted and self.answers:
            again, self.exhausted = self.exhausted, []
            await self._round(again)
        self._accept_refusals()

    async def _round(self, groups: Sequence[list[Job]]) -> None:
        """Let the workers loose on groups of requests."""
        if not groups:
            return
        self._n_exhausted_in_a_row = 0
        queue = iter(groups)
        n = min(self.n_workers, len(groups))
        self._most_exhausted = max(n, _FEWEST_EXHAUSTED)
        tasks = [asyncio.create_task(self._work(queue)) for _ in range(n)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError:
            if self._asking:
                self.on_stop(len(self._asking), self.patience.grace_seconds)
            raise
        finally:
            await self._end(tasks)
        for task in tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        """Stop the workers: those who wait at once, those whose requests are out a little later."""
        self._is_stopping = any(not task.done() for task in tasks)
        try:
            for task in tasks:
                if task not in self._asking:
                    task.cancel()
            if self._asking:
                await asyncio.wait(set(self._asking), timeout=self._grace_seconds(tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._is_stopping = False

    def _grace_seconds(self, tasks: list[asyncio.Task[None]]) -> float:
        """Return how long to wait for what is on its way."""
        ended = [task for task in tasks if task.done() and not task.cancelled()]
        is_refused = any(isinstance(task.exception(), RefusedError) for task in ended)
        patience = self.patience
        # Who has answered others before it refused may still answer those on their way.
        return (
            patience.refused_seconds if is_refused and not self.answers else patience.grace_seconds
        )

    async def _work(self, queue: Iterator[list[Job]]) -> None:
        for group in queue:
            left = await self._send(group)
            if left:
                await self._again(left)
            if self._is_stopping:
                return

    async def _again(self, jobs: list[Job]) -> None:
        """Send requests again while their faults may pass, each time after a longer wait."""
        import stamina

        patience, is_first = self.patience, True
        try:
            async for attempt in stamina.retry_context(
                on=self._wait,
                attempts=self.params.attempts,
                timeout=None,
                wait_initial=patience.initial_seconds,
                wait_jitter=patience.initial_seconds,
                wait_max=patience.longest_seconds,
            ):
                with attempt:
                    # What came of the first attempt is known: most requests have no other, and
                    # never come here.
                    if not is_first:
                        jobs = await self._send(jobs)
                    is_first = False
                    self._raise_if_left(jobs)
        except _FaultedError as error:
            self.exhausted.append(error.jobs)
            self._n_exhausted_in_a_row += 1
            if self._n_exhausted_in_a_row >= self._most_exhausted:
                raise ServerGoneError from None

    def _raise_if_left(self, jobs: list[Job]) -> None:
        if not jobs or self._is_stopping:
            return
        if self._is_out_of_reach(max(job.n_attempts for job in jobs)):
            self.exhausted.append(jobs)
            raise ServerGoneError
        raise _FaultedError(jobs)

    def _is_out_of_reach(self, n_attempts: int) -> bool:
        """Tell whether to give up a server to which there was no connection yet."""
        # Another request may be connected, and only its answer take its time.
        if self.is_reached or self._asking:
            return False
        seconds = time.monotonic() - self._started
        return n_attempts >= _UNREACHED_ATTEMPTS or seconds >= _UNREACHED_SECONDS

    def _wait(self, error: Exception) -> bool | float:
        """Say whether to try again, and when, if the server asks for a time."""
        if not isinstance(error, _FaultedError):
            return False
        asked = [job.fault.retry_after_seconds or 0.0 for job in error.jobs if job.fault]
        seconds = min(max(asked, default=0.0), self.patience.longest_asked_seconds)
        if not seconds:
            return True
        # Those who were sent away together do not come back together.
        return seconds + random.uniform(0, self.patience.initial_seconds)  # noqa: S311

    async def _send(self, jobs: list[Job]) -> list[Job]:
        """Send requests once, and again where a text could not be read.

        Returns:
            Those with a fault that may pass.
        """
        task = asyncio.current_task()
        faulted: list[Job] = []
        while jobs and not self._is_stopping:
            if not self.pace.is_free:
                await self.pace.wait(len(jobs), sum(self.bounds.tokens(j.request) for j in jobs))
            most = [self.bounds.cost(job.request) for job in jobs]
            numbers = await self.book.reserve(most)
            now, jobs = jobs[: len(numbers)], jobs[len(numbers) :]
            if task is not None:
                self._asking.add(task)
            try:
                replies = await self.model.ask([job.wire() for job in now])
            finally:
                if task is not None:
                    self._asking.discard(task)
            if len(replies) != len(now):
                raise InternalError(
                    f"The backend gave {len(replies)} replies to {len(now)} requests.",
                    where=type(self.model).__name__,
                    fix="Please report this to the author of the backend.",
                )
            unread: list[Job] = []
            for job, number, cost, reply in zip(now, numbers, most, replies, strict=False):
                if not self._settle(job, number, cost, reply):
                    (faulted if job.fault else unread).append(job)
            jobs = [*unread, *jobs]
        return [job for job in faulted if job.fault and job.fault.is_retryable]

    def _settle(self, job: Job, number: int, cost: float, reply: ChatReply) -> bool:
        """Write what came of an attempt; return whether its request has its answer."""
        self.is_reached = self.is_reached or not _is_unconnected(reply)
        is_sent = reply.fault is None or reply.fault.kind != "missing"
        job.n_attempts += is_sent
        came = outcome(job, reply, self.read, self.params.rereads)
        status = came.status if isinstance(came, AnswerRow) else None
        is_unreadable = came is None or status == "unreadable"
        counts = tally(reply, self.params.price, cost, is_unreadable=is_unreadable)
        self.book.settle(number, counts, held=0.0 if is_sent else cost)
        if reply.usage is not None:
            self.bounds.learn(job.request, reply.usage)
        job.fault = reply.fault
        if came is None:
            job.n_rereads += 1
            return False
        if isinstance(came, ChatFault):
            job.fault = came
            self._note_fault(job, came)
            return False
        if came.status == "failed" and not self.has_answered:
            self._refuse(job, came)
        else:
            self._keep(came)
        return True

    def _note_fault(self, job: Job, fault: ChatFault) -> None:
        if fault.kind == "missing":
            self.missing.append(job)
            return
        self.on_fault(fault)
        if fault.kind == "access":
            raise RefusedError(fault)

    def _keep(self, row: AnswerRow) -> None:
        self.answers[row.request] = row.answer()
        self.book.keep(row)
        if row.status != "failed":
            self._n_exhausted_in_a_row = 0
            if not self.has_answered:
                self.has_answered = True
                self._accept_refusals()

    def _refuse(self, job: Job, row: AnswerRow) -> None:
        """Hold back the refusal of a request until the server is known to answer others.

        A field that the server does not know has it refuse every request. If those were kept as
        answers, they would be known and never asked for again once the mistake is mended.
        """
        self._refused.append((job, row))
        if len(self._refused) >= max(min(_ALIKE, self._n_requests), _FEWEST_ALIKE):
            refused, self._refused = self._refused, []
            raise RefusedError(refused[-1][0].fault or ChatFault("request", ""))

    def _accept_refusals(self) -> None:
        refused, self._refused = self._refused, []
        for _, row in refused:
            self._keep(row)


def _is_unconnected(reply: ChatReply) -> bool:
    """Tell whether a reply says that there was no connection: the fault took no tokens for sure."""
    is_broken = reply.fault is not None and reply.fault.kind == "connection"
    return is_broken and reply.usage is not None and not reply.usage.prompt_tokens
