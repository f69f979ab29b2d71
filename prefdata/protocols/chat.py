"""What a chat model is, and where stages get answers from.

A stage makes requests and reads answers. Whether an answer is known already, how many requests
are on their way at once, what is tried again, and what all of it may cost is not its concern:
`prefdata.chat` sees to that for every backend alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from prefdata.core.events import Report
    from prefdata.protocols.causal import Message
    from prefdata.protocols.chat_params import ChatParams

__all__ = [
    "Alternatives",
    "AnswerStatus",
    "Chat",
    "ChatAnswer",
    "ChatAnswers",
    "ChatBackend",
    "ChatFault",
    "ChatIdentity",
    "ChatModel",
    "ChatReply",
    "ChatRequest",
    "FaultKind",
    "Usage",
]

Alternatives = tuple[tuple[str, float], ...]
"""For one token of an answer: the likeliest tokens with their natural log-probabilities."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request; two that are equal but for ``stand_in`` are one, and are answered once."""

    messages: tuple[Message, ...]
    max_tokens: int
    """Longest answer."""
    temperature: float = 0.0
    top_p: float | None = None
    seed: int | None = None
    """Sent to servers that take one."""
    schema: str | None = None
    """Canonical JSON of the JSON schema that the answer must follow."""
    n_alternatives: int = 0
    """How many log-probabilities to ask for with each token; 0 for none."""
    sample: int = 0
    """Number of the sample, where the same is asked several times."""
    stand_in: str = ""
    """An answer of plausible form and length, which an estimate of the price goes on with. It is
    never stored, and no part of the request."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one exchange, as the server counted them."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    """Those of the prompt's tokens that the server had in its cache."""


FaultKind = Literal[
    "rate-limited",
    "server",
    "connection",
    "timeout",
    "malformed",
    "empty",
    "request",
    "access",
    "missing",
]
"""Why an attempt brought no answer.

``rate-limited``: 429. ``server``: 5xx, 408, 409. ``connection``: it could not be made, or broke.
``timeout``: no answer in time. ``malformed``: a body that is not of the protocol. ``empty``: one
without a choice or without text. ``request``: the server refuses this request and would refuse it
again. ``access``: it refuses all: the key, the address or the name of the model is wrong.
``missing``: there is no answer to this request among those that were brought back.
"""


@dataclass(frozen=True, slots=True)
class ChatFault:
    """An attempt that brought no answer."""

    kind: FaultKind
    message: str
    """What the server said, shortened, without keys."""
    retry_after_seconds: float | None = None
    """How long the server asks to wait."""

    @property
    def is_retryable(self) -> bool:
        """Whether the same request may fare better later."""
        return self.kind not in ("request", "access", "missing")


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What came of one attempt: a text or a fault; both may have cost something."""

    text: str | None = None
    finish_reason: str | None = None
    """In the server's words: stop, length, content_filter, ..."""
    usage: Usage | None = None
    """None where the server does not say."""
    alternatives: tuple[Alternatives, ...] | None = None
    """One for each token of the answer, if asked for and offered."""
    model: str | None = None
    """As the server names it."""
    fault: ChatFault | None = None
    is_filtered: bool = False
    """The content filter stopped it, or the model used its field for refusals."""


class ChatModel(Protocol):
    """A model that is open: a server, weights in memory, or files of requests."""

    async def ask(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """Send requests once and return what came of each, in their order.

        It is called with `ChatBackend.group` requests or fewer. Faults are returned, not raised.

        Raises:
            BackendError: If the model as a whole cannot go on.
        """
        ...

    async def close(self) -> None:
        """Give back connections and memory."""
        ...


@dataclass(frozen=True, slots=True)
class ChatIdentity:
    """What decides whether an answer that is known may be taken again."""

    server: str
    """Name under which answers are kept: ``ChatParams.server``, or the address without
    credentials and query; for weights on this machine, their digest."""
    model: str
    wording: str
    """Canonical JSON of what else of the parameters shapes an answer."""


@dataclass(frozen=True, slots=True)
class ChatBackend:
    """A kind of chat model: tells the identity of a model, and opens it.

    Attributes:
        name: Name of the plugin.
        summary: What it is, in a line.
        identify: Returns the identity of a model; connects to nothing, loads no weights.
        open: Opens a model. ``folder`` is where it may keep files that the user sees, such as
            files of requests.
        group: Requests that are handed over at once; 1 for servers, which get several groups at
            the same time.
        is_remote: Whether several groups may be on their way at once.
        holds_weights: Whether what is open is a model in memory; a distributed engine then opens
            it on each of its workers.
    """

    name: str
    summary: str
    identify: Callable[[ChatParams], ChatIdentity]
    open: Callable[[ChatParams, Path, Report], ChatModel]
    group: int = 1
    is_remote: bool = True
    holds_weights: bool = False


AnswerStatus = Literal["ok", "cut", "filtered", "unreadable", "failed"]
"""As in the table ``answers``."""


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """The final answer to a request."""

    request: str
    """Digest of the request; its row in ``answers`` within one ``chat``."""
    status: AnswerStatus
    text: str | None
    finish_reason: str | None
    alternatives: tuple[Alternatives, ...] | None
    prompt_tokens: int | None
    completion_tokens: int | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class ChatAnswers:
    """The answers to a list of requests, in its order."""

    answers: list[ChatAnswer]
    chat: str
    """Digest that names server, model and wording in the table ``answers``."""
    model: str
    """The model, as the user names it."""
    n_asked: int = 0
    """Requests that were not known, and were sent."""


class Chat(Protocol):
    """Answers requests: what is known is read, what is missing is asked and kept."""

    def get(
        self,
        requests: Sequence[ChatRequest],
        *,
        model: ChatParams,
        purpose: str,
        step: str,
        read: Callable[[str], object] | None = None,
    ) -> ChatAnswers:
        """Return the answer to every request.

        Args:
            requests: In the order in which they are best sent: those that begin with the same
                words next to each other, for the server's cache. Equal ones are sent once.
            model: The model, and how it is called.
            purpose: What is asked for, in kebab case; requests of one purpose have answers of
                about one length. It begins with ``control-`` where the number of requests does
                not grow with that of the rows.
            step: The step that asks, for the ledger and for progress.
            read: Raises ValueError on a text that is not in the form that was asked for; the
                request is then sent again, ``ChatParams.rereads`` times, and its answer has the
                status ``unreadable`` if that does not help.

        Raises:
            BackendError: If answers are missing in the end; those that came are kept, and the
                same call asks for the others only.
            BudgetError: If the budget does not allow the next request; likewise.
        """
        ...
