"""Requests on their way: as they are sent, each once, and cut into groups that stay the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prefdata.chat.models import request_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from prefdata.protocols import ChatFault, ChatParams, ChatRequest

__all__ = ["Job", "distinct", "effective", "groups", "prompt_bytes", "prompt_chars"]


@dataclass(slots=True)
class Job:
    """A request that is on its way to its final answer."""

    request: ChatRequest
    digest: str
    n_attempts: int = 0
    n_rereads: int = 0
    fault: ChatFault | None = None
    """What came of the last attempt, if it brought no answer."""

    def wire(self) -> ChatRequest:
        """Return the request as it is sent now.

        After an answer that could not be read it has another seed, so that a server which answers
        the same to the same has a reason to answer differently. It is the same request still.
        """
        if not self.n_rereads or self.request.seed is None:
            return self.request
        return replace(self.request, seed=self.request.seed + self.n_rereads)


def effective(request: ChatRequest, model: ChatParams) -> ChatRequest:
    """Return a request with what the user set instead of what the stage asks for.

    It is done here, before the digest is taken, so every backend gets the request as it is sent,
    and an answer is known under what was asked in truth.
    """
    changes = {
        name: value
        for name in ("temperature", "top_p", "max_tokens")
        if (value := getattr(model, name)) is not None
    }
    return replace(request, **changes) if changes else request


def distinct(
    requests: Iterable[ChatRequest], model: ChatParams
) -> tuple[list[str], dict[str, ChatRequest]]:
    """Return the digest of each request, and the effective requests by digest, in their order."""
    digests: list[str] = []
    found: dict[str, ChatRequest] = {}
    # A loop over rows: each is about to be sent over a network.
    for request in requests:
        sent = effective(request, model)
        digest = request_id(sent)
        digests.append(digest)
        found.setdefault(digest, sent)
    return digests, found


def groups(asked: Sequence[str], missing: Collection[str], size: int) -> list[list[str]]:
    """Cut what is missing where all that was asked for says.

    A run that goes on after it was stopped makes the same groups as one that never was, as far as
    they are still to be asked: a model on this machine then reads the same batches.

    Args:
        asked: Digests of all distinct requests, in their order.
        missing: Those of them that are to be sent.
        size: Requests in a group.

    Returns:
        Groups with something missing, and of each only that.
    """
    wanted = set(missing)
    parts = (asked[start : start + size] for start in range(0, len(asked), size))
    kept = ([digest for digest in part if digest in wanted] for part in parts)
    return [part for part in kept if part]


def prompt_chars(request: ChatRequest) -> int:
    """Return the characters of a request's messages."""
    return sum(len(message["content"]) for message in request.messages)


def prompt_bytes(request: ChatRequest) -> int:
    """Return the UTF-8 bytes of a request's messages and schema."""
    # Texts of ASCII alone, which most are, need not be encoded to be measured.
    texts = [message["content"] for message in request.messages]
    if request.schema:
        texts.append(request.schema)
    return sum(len(text) if text.isascii() else len(text.encode()) for text in texts)
