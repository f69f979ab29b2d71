"""A model behind an address: requests go out, replies and faults come back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prefdata.backends._openai_compatible.concessions import (
    NOTES,
    Concession,
    concession,
    without,
)
from prefdata.backends._openai_compatible.connection import NotSent
from prefdata.backends._openai_wire.body import body
from prefdata.backends._openai_wire.reply import read_refusal, read_reply
from prefdata.core.events import Note
from prefdata.protocols import ChatFault, ChatReply, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.backends._openai_compatible.connection import Connection, Response
    from prefdata.core.events import Report
    from prefdata.protocols import ChatParams, ChatRequest

__all__ = ["ServerModel"]

_OK = 200


@dataclass(slots=True)
class ServerModel:
    """A model that is open behind an address.

    What a server refuses and an answer can do without (a JSON schema under ``structured: auto``,
    log-probabilities) is left out from then on, once the same request was answered without it.

    Attributes:
        params: How requests are worded.
        connection: Where they go.
        server: The address as it is shown.
        report: Where it is told what the server refused.
    """

    params: ChatParams
    connection: Connection
    server: str
    report: Report
    _conceded: set[Concession] = field(default_factory=set, init=False)

    async def ask(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """Send each request once, all at the same time."""
        if len(requests) == 1:
            return [await self._ask(requests[0])]
        return await asyncio.gather(*(self._ask(request) for request in requests))

    async def close(self) -> None:
        """Close all connections."""
        await self.connection.close()

    async def _ask(self, request: ChatRequest) -> ChatReply:
        made = body(request, self.params)
        left_out = set(self._conceded)
        sent = without(made, left_out) if left_out else made
        first: ChatReply | None = None
        while True:
            reply, wish = self._read(await self.connection.post(sent), sent)
            if wish is None:
                break
            # If the request fares no better, the first refusal is the one that says why.
            first = first or reply
            left_out.add(wish)
            sent = without(made, left_out)
        if first is not None and reply.fault is not None and not reply.fault.is_retryable:
            return first
        if first is not None and reply.fault is None:
            self._concede(left_out)
        return reply

    def _read(
        self, came: Response | ChatFault, sent: dict[str, Any]
    ) -> tuple[ChatReply, Concession | None]:
        """Return what came of an exchange, and what may be left out of the next."""
        if isinstance(came, ChatFault):
            usage = Usage(0, 0) if isinstance(came, NotSent) else None
            return ChatReply(fault=came, usage=usage), None
        key = self.connection.key or ""
        if came.status == _OK and came.is_json:
            return read_reply(came.payload, secret=key), None
        if came.status == _OK:
            fault = ChatFault("malformed", "The body is not JSON.")
            return ChatReply(fault=fault), None
        refusal = read_refusal(
            came.status,
            came.payload,
            retry_after_seconds=came.retry_after_seconds,
            secret=key,
        )
        said = refusal.fault.message if refusal.fault is not None else ""
        return refusal, concession(came.status, said, sent, self.params)

    def _concede(self, left_out: set[Concession]) -> None:
        """Leave fields out from now on, and tell so once."""
        for one in sorted(left_out - self._conceded):
            self._conceded.add(one)
            self.report(Note(NOTES[one].format(server=self.server)))
