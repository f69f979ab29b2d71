"""The open model: requests as rows of batches, less at once when memory runs out."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from prefdata.backends._hub.quiet import first_line, quietly
from prefdata.backends._memory import free, is_out_of_memory
from prefdata.backends._openai_wire.reply import read_reply
from prefdata.backends._transformers_local.choosing import row_of
from prefdata.backends._transformers_local.generate import generate, stands_company
from prefdata.core.errors import BackendError
from prefdata.core.events import Note
from prefdata.protocols import ChatFault, ChatReply, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.backends._causal.encode import TextReader
    from prefdata.backends._transformers_local.choosing import Row
    from prefdata.core.events import Report
    from prefdata.protocols import ChatParams, ChatRequest, Encoded

__all__ = ["LocalChat", "Parts"]

_ANSWER = ({"role": "assistant", "content": ""},)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a model that is open consists of."""

    model: Any
    """Of transformers, in evaluation mode on its device."""
    tokenizer: Any
    reader: TextReader
    """Turns messages into token ids."""
    stops: frozenset[int]
    """Tokens that end an answer."""
    longest: int
    """Tokens that prompt and answer may have together."""


class LocalChat:
    """Answers of a causal language model; see `prefdata.protocols.ChatModel`.

    Args:
        parts: Of the model.
        params: The parameters of the user.
        report: Told when the work changes its ways.
    """

    def __init__(self, parts: Parts, params: ChatParams, report: Report) -> None:
        self._parts: Parts | None = parts
        self._params = params
        self._report = report
        self._size = params.batch_size
        self._stands_company: bool | None = None
        self._is_stopped = threading.Event()

    async def ask(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """Answer requests in batches and return the answers in their order.

        Raises:
            BackendError: If the model or its device failed, or the model is closed.
        """
        parts = self._parts
        if parts is None:
            raise BackendError(
                "The model is closed.", where=f"model: {self._params.model}", fix="Open it again."
            )
        self._is_stopped.clear()
        try:
            return await asyncio.to_thread(self._answer, parts, requests)
        except asyncio.CancelledError:
            self._is_stopped.set()  # or the thread goes on to the end of the longest answer
            raise

    async def close(self) -> None:
        """Give back the memory of the model."""
        self._is_stopped.set()
        parts, self._parts = self._parts, None
        if parts is not None:
            device = parts.model.device
            del parts
            free(device)

    def _answer(self, parts: Parts, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        import torch

        if parts.model.device.type == "cuda":
            torch.cuda.set_device(parts.model.device)  # each thread has a device of its own
        answers = [[_ANSWER]] * len(requests)
        encoded = [one for (one,) in parts.reader.encode([r.messages for r in requests], answers)]
        left = [n for n, one in enumerate(encoded) if len(one.prompt)]
        replies = {n: _refused(one) for n, one in enumerate(encoded) if not len(one.prompt)}
        # The longest first: if memory runs out it does so at once, and padding is little.
        left.sort(key=lambda n: -len(encoded[n].prompt))
        with quietly(), torch.inference_mode():
            while left and not self._is_stopped.is_set():
                size = self._next(parts, len(left))
                batch = left[:size]
                rows = [self._row(parts, requests[n], encoded[n]) for n in batch]
                if self._try(parts, rows):
                    replies |= {
                        n: self._reply(parts, row) for n, row in zip(batch, rows, strict=True)
                    }
                elif size == 1:
                    replies[batch[0]] = _too_much(rows[0], parts.model.device)
                else:
                    self._size = size // 2
                    self._report(Note(f"Memory ran out; {self._size} requests are read at once."))
                    continue
                left = left[size:]
        # Where the work was stopped nobody waits for the rest.
        return [replies[n] for n in range(len(requests)) if n in replies]

    def _next(self, parts: Parts, n_left: int) -> int:
        """Return how many of the requests that are left are read at once."""
        size = min(self._size, n_left)
        if size == 1:
            return 1
        if self._stands_company is None:
            self._stands_company = stands_company(parts.model)
            if not self._stands_company:
                self._report(
                    Note(
                        f"the model {self._params.model} answers otherwise beside other requests, "
                        "so they are read one by one"
                    )
                )
        return size if self._stands_company else 1

    def _row(self, parts: Parts, request: ChatRequest, encoded: Encoded) -> Row:
        room = parts.longest - len(encoded.prompt)
        return row_of(request, self._params, encoded.prompt, room)

    def _try(self, parts: Parts, rows: Sequence[Row]) -> bool:
        """Answer a batch; return whether there was memory enough."""
        device = parts.model.device
        try:
            generate(parts.model, rows, parts.stops, is_stopped=self._is_stopped.is_set)
        except (RuntimeError, MemoryError, ValueError, IndexError) as error:
            if not is_out_of_memory(error):
                raise BackendError(
                    f"The model failed on {device}: {first_line(error)}",
                    where=f"model: {self._params.model}",
                    fix="Try `device: cpu`, or `batch_size: 1`.",
                ) from error
        else:
            return True
        free(device)
        return False

    def _reply(self, parts: Parts, row: Row) -> ChatReply:
        """Return what a row says, read as a server's reply is: thoughts are cut off, and so on."""
        usage = Usage(len(row.prompt), len(row.tokens))
        if row.finish_reason == "lost":
            said = "The model gave scores that are no numbers; try `dtype: float32`."
            return ChatReply(usage=usage, fault=ChatFault("request", said))
        reply = read_reply(self._payload(parts.tokenizer, row))
        if reply.fault is not None:
            # A server might do better another time; the same weights do the same.
            return replace(reply, fault=replace(reply.fault, kind="request"))
        return reply

    def _payload(self, tokenizer: Any, row: Row) -> dict[str, Any]:
        said = row.tokens[:-1] if row.finish_reason == "stop" else row.tokens
        content = [
            {**own, "top_logprobs": likeliest}
            for own, *likeliest in (
                [{"token": tokenizer.decode([token]), "logprob": value} for token, value in listed]
                for listed in row.alternatives[: len(said)]
            )
        ]
        text = tokenizer.decode(said, skip_special_tokens=True)
        choice = {
            "message": {"content": text},
            "finish_reason": row.finish_reason,
            "logprobs": {"content": content} if row.n_alternatives else None,
        }
        usage = {"prompt_tokens": len(row.prompt), "completion_tokens": len(row.tokens)}
        return {"choices": [choice], "usage": usage, "model": self._params.model}


def _refused(encoded: Encoded) -> ChatReply:
    """Return the reply to a request that the model cannot read."""
    said = encoded.detail or "The messages cannot be read."
    return ChatReply(fault=ChatFault("request", said))


def _too_much(row: Row, device: Any) -> ChatReply:
    said = (
        f"A prompt of {len(row.prompt):,} tokens with an answer of {row.limit:,} does not fit into "
        f"the memory of {device}."
    )
    return ChatReply(fault=ChatFault("request", said))
