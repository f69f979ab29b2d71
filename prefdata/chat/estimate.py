"""What requests would cost: everything but sending them.

Stages go on with the stand-ins of their requests, so what they would ask later, because of these
answers, is counted too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prefdata.chat.budget import Committed
from prefdata.chat.calibration import Calibration, calibrate
from prefdata.chat.extrapolation import following
from prefdata.chat.journal import Account, Journal
from prefdata.chat.known import chat_folder, known_answers
from prefdata.chat.models import chat_backend, chat_id
from prefdata.chat.requests import distinct
from prefdata.protocols import ChatAnswer, ChatAnswers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prefdata.catalog import Catalog
    from prefdata.protocols import ChatParams, ChatRequest, Price

__all__ = ["ChatEstimator", "EstimateLine"]

_MILLION = 1e6


@dataclass(frozen=True, slots=True)
class EstimateLine:
    """What one step would ask one chat model for one purpose."""

    step: str
    purpose: str
    chat: str
    """Digest of server, model and wording."""
    model: str
    server: str
    n_requests: int
    """Distinct requests, known ones among them."""
    n_known: int
    """Those whose answers are known, or are counted in an earlier line."""
    prompt_tokens: int
    """Of the requests that would be sent."""
    completion_tokens: int
    """Of their answers."""
    cost: float | None
    """None where no price is given."""
    currency: str | None
    calibrated_by: int
    """Known answers of the same purpose that these figures stand on; 0 where the lengths of the
    answers are guessed."""
    budget: float | None
    """Of the step and the model, all purposes together."""
    spent: float
    """What counts against that budget already, over all runs."""


class ChatEstimator:
    """Counts requests instead of sending them; implements `prefdata.protocols.Chat`.

    It connects to nothing, writes nothing, and spends nothing.
    """

    def __init__(self, catalog: Catalog) -> None:
        """Begin with nothing counted."""
        self._catalog = catalog
        self._lines: dict[tuple[str, str, str], EstimateLine] = {}
        self._calibrations: dict[tuple[str, str], Calibration] = {}
        self._counted: set[tuple[str, str]] = set()
        self._seen: dict[tuple[str, str, str], set[str]] = {}
        self._pilots: dict[tuple[str, str, str], _Pilot] = {}
        self._prices: dict[tuple[str, str, str], Price | None] = {}

    @property
    def lines(self) -> list[EstimateLine]:
        """What was asked so far, in the order in which it was first asked.

        After a pilot, purposes behind the first of a step are as many as the pilot had for its
        rows, whatever the stand-ins led to; see `prefdata.chat.extrapolation`.
        """
        steps: dict[str, list[tuple[str, str, str]]] = {}
        for key in self._lines:
            steps.setdefault(key[0], []).append(key)
        found = dict(self._lines)
        for keys in steps.values():
            lines = [self._lines[key] for key in keys]
            expected = following(
                [line.purpose for line in lines],
                [line.n_known for line in lines],
                [line.n_requests - line.n_known for line in lines],
            )
            for key, n in zip(keys, expected, strict=True):
                found[key] = self._scaled(key, n)
        return list(found.values())

    def _scaled(self, key: tuple[str, str, str], n: int) -> EstimateLine:
        """Return a line with another number of requests to send, each as the known ones were."""
        line, pilot, price = self._lines[key], self._pilots[key], self._prices[key]
        if n == line.n_requests - line.n_known or not pilot.n:
            return line
        asked, said = n * pilot.prompt_tokens / pilot.n, n * pilot.completion_tokens / pilot.n
        share = self._calibration(line.chat, line.purpose).cached_share
        return replace(
            line,
            n_requests=line.n_known + n,
            prompt_tokens=round(asked),
            completion_tokens=round(said),
            cost=None if price is None else _cost(asked, said, share, price),
        )

    def get(
        self,
        requests: Sequence[ChatRequest],
        *,
        model: ChatParams,
        purpose: str,
        step: str,
        read: Callable[[str], object] | None = None,
    ) -> ChatAnswers:
        """Return known answers, and stand-ins for the others; see `prefdata.protocols.Chat`."""
        del read  # a stand-in is in the right form by its nature
        identity = chat_backend(model).identify(model)
        chat = chat_id(identity)
        order, asked = distinct(requests, model)
        known = self._known(chat, asked)
        key = (step, purpose, chat)
        currency = None if model.price is None else model.price.currency
        account = Account(step, purpose, chat, model.model, identity.server, currency)
        line = self._lines.get(key) or EstimateLine(
            *(step, purpose, chat, model.model, identity.server, 0, 0, 0, 0),
            cost=None if model.price is None else 0.0,
            currency=currency,
            calibrated_by=self._calibration(chat, purpose).n,
            budget=model.budget,
            spent=self._spent(account),
        )
        self._lines[key] = self._with(line, asked, known, model.price)
        self._prices[key] = model.price
        missing = {
            digest: _stand_in(digest, request)
            for digest, request in asked.items()
            if digest not in known
        }
        found = known | missing
        return ChatAnswers([found[digest] for digest in order], chat, model.model, len(missing))

    def _known(self, chat: str, asked: Mapping[str, ChatRequest]) -> dict[str, ChatAnswer]:
        folder = chat_folder(self._catalog)
        if not Journal.exists(folder):
            return known_answers(self._catalog, None, chat, asked)
        with Journal(folder) as journal:
            return known_answers(self._catalog, journal, chat, asked)

    def _spent(self, account: Account) -> float:
        """Return what counts against a budget, in the table and on its way to it."""
        committed, folder = Committed(self._catalog, account), chat_folder(self._catalog)
        if not Journal.exists(folder):
            committed.read()
            return committed.cost
        # Nothing leaves the journal meanwhile, so nothing is missed between the two.
        with Journal(folder) as journal, journal.writing():
            committed.read()
            return committed.cost + journal.spent(account, committed.stretches)

    def _calibration(self, chat: str, purpose: str) -> Calibration:
        if (chat, purpose) not in self._calibrations:
            self._calibrations[chat, purpose] = calibrate(self._catalog, chat, purpose)
        return self._calibrations[chat, purpose]

    def _with(
        self,
        line: EstimateLine,
        asked: Mapping[str, ChatRequest],
        known: Mapping[str, ChatAnswer],
        price: Price | None,
    ) -> EstimateLine:
        """Return a line with further requests; those that it has already are not counted again."""
        key = (line.step, line.purpose, line.chat)
        seen = self._seen.setdefault(key, set())
        pilot = self._pilots.setdefault(key, _Pilot())
        calibration = self._calibration(line.chat, line.purpose)
        n_requests, n_known, asked_tokens, said_tokens = 0, 0, 0.0, 0.0
        for digest, request in asked.items():
            if digest in seen:
                continue
            seen.add(digest)
            n_requests += 1
            if digest in known or (line.chat, digest) in self._counted:
                n_known += 1
                pilot.add(known.get(digest))
                continue
            self._counted.add((line.chat, digest))
            asked_tokens += calibration.prompt_tokens(request)
            said_tokens += calibration.completion_tokens(request)
        cost = line.cost
        if price is not None and cost is not None:
            cost += _cost(asked_tokens, said_tokens, calibration.cached_share, price)
        return replace(
            line,
            n_requests=line.n_requests + n_requests,
            n_known=line.n_known + n_known,
            prompt_tokens=line.prompt_tokens + round(asked_tokens),
            completion_tokens=line.completion_tokens + round(said_tokens),
            cost=cost,
        )


@dataclass(slots=True)
class _Pilot:
    """What the known answers of a line took."""

    n: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, answer: ChatAnswer | None) -> None:
        """Count an answer whose tokens the server counted."""
        if answer is not None and answer.prompt_tokens is not None:
            self.n += 1
            self.prompt_tokens += answer.prompt_tokens
            self.completion_tokens += answer.completion_tokens or 0


def _cost(asked: float, said: float, cached_share: float, price: Price) -> float:
    """Return what tokens cost, of which a share of those asked come from the server's cache."""
    cached = asked * cached_share
    of_cached = price.input if price.cached_input is None else price.cached_input
    return ((asked - cached) * price.input + cached * of_cached + said * price.output) / _MILLION


def _stand_in(digest: str, request: ChatRequest) -> ChatAnswer:
    return ChatAnswer(
        request=digest,
        status="ok",
        text=request.stand_in,
        finish_reason="stop",
        alternatives=None,
        prompt_tokens=None,
        completion_tokens=None,
        detail=None,
    )
