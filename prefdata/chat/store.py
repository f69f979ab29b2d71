"""Answers of chat models in the catalog: what is known is read, what is missing is asked and kept.

An answer is kept by the digest of the exact request, so no request is paid for twice, whatever
step, row or run it is for. What was answered is safe on this machine at once, in the journal, and
goes to the tables ``answers`` and ``spending`` in stretches; a run that was stopped or killed asks
only for what is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.chat.book import Book, OverBudgetError
from prefdata.chat.budget import Bounds, Committed
from prefdata.chat.caller import Caller, RefusedError, ServerGoneError
from prefdata.chat.commits import move
from prefdata.chat.errors import (
    no_access,
    not_all,
    over_budget,
    server_gone,
    unreachable,
)
from prefdata.chat.journal import Account, Journal
from prefdata.chat.known import chat_folder, has_answered, known_answers, tokens_beyond
from prefdata.chat.limits import Pace
from prefdata.chat.loop import run
from prefdata.chat.models import chat_backend, chat_id
from prefdata.chat.requests import Job, distinct, groups
from prefdata.chat.spread import SpreadChat, is_spread, joined
from prefdata.core.errors import SetupError
from prefdata.core.events import Note, Progress, Report, StepFinished, StepStarted, silent
from prefdata.protocols import LOCAL, ChatAnswers, Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prefdata.catalog import Catalog
    from prefdata.protocols import (
        ChatAnswer,
        ChatBackend,
        ChatFault,
        ChatModel,
        ChatParams,
        ChatRequest,
    )

__all__ = ["ChatStore"]

_STAGE = "chat"
_TICK_SECONDS = 0.25
_MOVE_ANSWERS = 5000
_MOVE_SECONDS = 30.0
_MOVE_SHARE = 0.1
"""Of the time that a call has taken so far: long ones move rarely, and leave few small files."""


@dataclass(frozen=True, slots=True)
class _Call:
    """What is asked for, of whom."""

    backend: ChatBackend
    model: ChatParams
    account: Account
    asked: Mapping[str, ChatRequest]
    read: Callable[[str], object] | None
    is_reached: bool
    """Whether the server has answered an earlier call."""

    @property
    def label(self) -> str:
        return f"{self.account.step}: {self.account.purpose}"


class ChatStore:
    """The answers in one catalog; what a stage is given as ``Context.chat``."""

    def __init__(
        self, catalog: Catalog, report: Report = silent, *, engine: Engine = LOCAL
    ) -> None:
        """Use the tables ``answers`` and ``spending``, and the journal of the workspace."""
        self._catalog = catalog
        self._report = report
        self._engine = engine
        self._folder = chat_folder(catalog)
        self._paces: dict[str, Pace] = {}
        self._reached: set[str] = set()
        self._kept_open: tuple[str, ChatModel] | None = None

    def get(
        self,
        requests: Sequence[ChatRequest],
        *,
        model: ChatParams,
        purpose: str,
        step: str,
        read: Callable[[str], object] | None = None,
    ) -> ChatAnswers:
        """Return the answer to every request; see `prefdata.protocols.Chat`.

        Raises:
            BackendError: If answers are missing in the end; those that came are kept, and the
                same call asks for the others only.
            BudgetError: If the budget does not allow the next request; likewise.
            SetupError: If the journal or the catalog cannot be written.
        """
        backend = chat_backend(model)
        identity = backend.identify(model)
        chat = chat_id(identity)
        order, asked = distinct(requests, model)
        currency = None if model.price is None else model.price.currency
        account = Account(step, purpose, chat, model.model, identity.server, currency)
        is_reached = identity.server in self._reached
        call = _Call(backend, model, account, asked, read, is_reached)
        found, n_asked = self._answers(call)
        return ChatAnswers([found[digest] for digest in order], chat, model.model, n_asked)

    def _answers(self, call: _Call) -> tuple[dict[str, ChatAnswer], int]:
        """Return the answers by digest, and how many requests were sent for them."""
        chat = call.account.chat
        if Journal.exists(self._folder):
            with Journal(self._folder) as journal:
                journal.take_up()
                move(self._catalog, journal)
                known = known_answers(self._catalog, journal, chat, call.asked)
        else:
            known = known_answers(self._catalog, None, chat, call.asked)
        missing = [digest for digest in call.asked if digest not in known]
        if not missing:
            return known, 0
        opened = self._open(call)
        with Journal(self._folder) as journal:
            work = _Work(
                self._catalog, self._report, journal, call, opened, self._pace(call), self._engine
            )
            answers = work.do(missing, n_known=len(known))
        self._reached.add(call.account.server)
        return known | answers, len(missing)

    def _pace(self, call: _Call) -> Pace:
        """Return the limits of a server, which hold from one call to the next."""
        limits = (call.model.requests_per_minute, call.model.tokens_per_minute)
        return self._paces.setdefault(f"{call.account.chat} {limits}", Pace(*limits))

    def _open(self, call: _Call) -> ChatModel:
        """Open the model; one on this machine stays open, because it takes long to load."""
        if is_spread(call.backend, self._engine):
            return SpreadChat(self._engine, call.model, call.backend.group)
        name = f"{call.backend.name} {call.model.model_dump_json()}"
        if self._kept_open is not None:
            if self._kept_open[0] == name:
                return self._kept_open[1]
            (_, before), self._kept_open = self._kept_open, None
            run(before.close)
        opened = call.backend.open(call.model, self._folder, self._report)
        if not call.backend.is_remote:
            self._kept_open = (name, opened)
        return opened


class _Work:
    """The work of one call: missing requests sent, answers kept and moved, all of it told."""

    def __init__(
        self,
        catalog: Catalog,
        report: Report,
        journal: Journal,
        call: _Call,
        model: ChatModel,
        pace: Pace,
        engine: Engine,
    ) -> None:
        self._engine = engine
        self._catalog = catalog
        self._report = report
        self._journal = journal
        self._call = call
        self._model = model
        self._faults: Counter[str] = Counter()
        self._started = self._moved = time.monotonic()
        account, params = call.account, call.model
        self._book = Book(journal, account, params.budget, Committed(catalog, account))
        self._caller = Caller(
            model=model,
            params=params,
            book=self._book,
            bounds=Bounds(params, tokens_beyond(catalog, account.chat)),
            pace=pace,
            read=call.read,
            n_workers=params.concurrency if call.backend.is_remote else 1,
            has_answered=has_answered(catalog, account.chat),
            is_reached=call.is_reached,
            on_fault=self._tell_fault,
            on_stop=self._tell_stop,
        )

    def do(self, missing: Sequence[str], *, n_known: int) -> dict[str, ChatAnswer]:
        """Send what is missing and return the answers by digest.

        Raises:
            BackendError: If some are missing still.
            BudgetError: If the budget does not allow the next.
        """
        call = self._call
        parts = groups(list(call.asked), missing, call.backend.group)
        if is_spread(call.backend, self._engine):
            parts = joined(parts, self._engine)
        jobs = [[Job(call.asked[digest], digest) for digest in part] for part in parts]
        self._report(StepStarted(call.label, _STAGE, len(missing), "requests"))
        try:
            self._asked(jobs, len(missing))
        except BaseException:
            # What cannot be moved now stays in the journal.
            with contextlib.suppress(SetupError):
                self._finish(len(missing), n_known)
            raise
        self._finish(len(missing), n_known)
        answers = self._caller.answers
        seconds = time.monotonic() - self._started
        n = len(answers)
        self._report(StepFinished(call.label, _STAGE, n, n, 0, seconds))
        return answers

    def _asked(self, jobs: Sequence[list[Job]], n_missing: int) -> None:
        """Send all requests, and say in our words why some have no answer."""
        caller, model, server = self._caller, self._call.model, self._call.account.server
        try:
            run(lambda: self._main(jobs))
        except RefusedError as error:
            raise no_access(error.fault, model, server) from None
        except ServerGoneError:
            n_left = n_missing - len(caller.answers)
            gone = server_gone if caller.is_reached else unreachable
            raise gone(self._last_fault(), model, server, n_left) from None
        except OverBudgetError as error:
            n_left = n_missing - len(caller.answers)
            raise over_budget(error, model, self._call.account, n_left) from None
        left = [job for group in caller.exhausted for job in group] + caller.missing
        if left and not caller.is_reached:
            raise unreachable(self._last_fault(), model, server, len(left))
        if left:
            raise not_all([job.fault for job in left if job.fault], model, server, len(left))

    def _last_fault(self) -> ChatFault | None:
        faults = [job.fault for group in self._caller.exhausted for job in group if job.fault]
        return faults[-1] if faults else None

    async def _main(self, jobs: Sequence[list[Job]]) -> None:
        ticks = asyncio.create_task(self._tick())
        try:
            await self._caller.run(jobs)
        finally:
            ticks.cancel()
            if self._call.backend.is_remote:
                await self._model.close()

    async def _tick(self) -> None:
        """Tell how far the work is, and move answers to the tables now and then."""
        told = 0
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            done = len(self._caller.answers)
            if done > told:
                told = done
                self._report(Progress(self._call.label, done))
            now = time.monotonic()
            wait = max(_MOVE_SECONDS, _MOVE_SHARE * (now - self._started))
            if self._book.n_uncommitted >= _MOVE_ANSWERS or now - self._moved >= wait:
                self._moved = now
                self._book.roll()
                # There is a next time, and the end, which tells why it cannot be done.
                with contextlib.suppress(SetupError):
                    move(self._catalog, self._journal)

    def _finish(self, n_asked: int, n_known: int) -> None:
        """Write and move all that came, and tell what it was."""
        try:
            self._book.end()
            move(self._catalog, self._journal)
        finally:
            self._report(Progress(self._call.label, len(self._caller.answers)))
            self._report(Note(f"{self._call.account.step}: {self._summary(n_asked, n_known)}"))

    def _summary(self, n_asked: int, n_known: int) -> str:
        total, price = self._book.total, self._call.model.price
        told = [
            f"{self._call.model.model}, {self._call.account.purpose}",
            f"{n_asked:,} asked, {n_known:,} known",
            f"{total.n_answers:,} answered in {total.n_attempts:,} attempts",
        ]
        counts = {
            "faults": total.n_faults,
            "unreadable": total.n_unreadable,
            "lost": total.n_lost,
        }
        told += [f"{n:,} {name}" for name, n in counts.items() if n]
        told.append(f"{total.prompt_tokens:,} tokens in, {total.completion_tokens:,} out")
        if price is not None:
            told.append(f"{total.cost:,.4f} {price.currency}")
            if total.uncertain_cost:
                told.append(f"{total.uncertain_cost:,.4f} more at most for attempts nobody counted")
        return "; ".join(told)

    def _tell_stop(self, n: int, seconds: float) -> None:
        what = "answers" if self._call.backend.group == 1 else "groups of answers"
        self._report(
            Note(
                f"{self._call.account.step}: stopping; waiting for {n} {what} on their way, "
                f"{seconds:g} seconds at most. Ctrl-C stops at once."
            )
        )

    def _tell_fault(self, fault: ChatFault) -> None:
        """Tell the first fault of each kind: who waits wants to know what for."""
        self._faults[fault.kind] += 1
        if self._faults[fault.kind] == 1 and fault.is_retryable:
            step = self._call.account.step
            self._report(Note(f"{step}: {fault.kind}: {fault.message} Trying again."))
