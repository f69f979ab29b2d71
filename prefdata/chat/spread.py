"""A model whose weights are on the workers of an engine: each has one, and answers whole groups.

Only models in memory are spread. A server is asked from one process, whatever the engine: it is
the server that computes, one process sends a thousand requests a second, and limits of speed and
of money hold exactly because one process keeps them.

They hold here as well. What is asked was admitted by the driver, budget and all, before it gets
here; groups are cut as they are without an engine, and a worker reads each as a batch of its own.
"""

from __future__ import annotations

import asyncio
import functools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from prefdata.chat.models import chat_backend
from prefdata.core.events import silent
from prefdata.protocols import Needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prefdata.protocols import ChatBackend, ChatParams, ChatReply, ChatRequest, Engine

__all__ = ["SpreadChat", "is_spread", "joined"]

_NEEDS = Needs(is_model=True)
_GROUPS_PER_WORKER = 2
"""Handed over together: all wait for the slowest, and what is not back is lost at a kill."""


def is_spread(backend: ChatBackend, engine: Engine) -> bool:
    """Tell whether a model is opened on the workers of an engine instead of here."""
    return backend.holds_weights and not engine.is_local


def joined(parts: Sequence[list[str]], engine: Engine) -> list[list[str]]:
    """Join groups of requests into so many at once as keep all workers busy."""
    size = _GROUPS_PER_WORKER * engine.n_workers(_NEEDS)
    return [
        [digest for part in parts[start : start + size] for digest in part]
        for start in range(0, len(parts), size)
    ]


class SpreadChat:
    """A chat model on workers; see `prefdata.protocols.ChatModel`.

    Args:
        engine: Keeps its workers, and so the model loaded, from one call to the next.
        params: The parameters of the user.
        group: Requests that one worker is handed at once.
    """

    def __init__(self, engine: Engine, params: ChatParams, group: int) -> None:
        self._engine, self._params, self._group = engine, params, group
        self._is_stopped = False

    async def ask(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """Answer requests, group by group, and return the answers in their order.

        Raises:
            BackendError: If the model or its device failed.
        """
        self._is_stopped = False
        try:
            return await asyncio.to_thread(self._answer, list(requests))
        except asyncio.CancelledError:
            self._is_stopped = True  # what workers have begun is waited for, and no more sent
            raise

    async def close(self) -> None:
        """Send nothing more; the engine keeps or ends its workers."""
        self._is_stopped = True

    def _answer(self, requests: list[ChatRequest]) -> list[ChatReply]:
        make = functools.partial(_answering, self._params)
        label = f"chat: {self._params.model}"
        groups = self._groups(requests)
        replies = self._engine.map(make, groups, needs=_NEEDS, label=label)
        return [reply for group in replies for reply in group]

    def _groups(self, requests: list[ChatRequest]) -> Iterator[list[ChatRequest]]:
        for start in range(0, len(requests), self._group):
            if self._is_stopped:
                return
            yield requests[start : start + self._group]


def _answering(params: ChatParams) -> Callable[[list[ChatRequest]], list[ChatReply]]:
    """Load the model on a worker; return what answers a group."""
    # Weights in memory keep nothing in the folder.
    model = chat_backend(params).open(params, Path(tempfile.gettempdir()), silent)

    def answer(requests: list[ChatRequest]) -> list[ChatReply]:
        return asyncio.run(model.ask(requests))

    return answer
