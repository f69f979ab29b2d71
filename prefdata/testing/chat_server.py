"""A scripted chat server on loopback, for tests and benchmarks: it stands for no real model.

It speaks the protocol of OpenAI (``POST /v1/chat/completions``, ``GET /v1/models``), says what a
script says, fails when it is told to, and counts what it received, answered and billed. A real
server with a tiny model is `transformers serve`; this one is for faults and known answers.

As a process it prints its address, serves until it is stopped, and shows its log at
``/scripted/log``::

    python -m prefdata.testing.chat_server --port 0 --latency 0.05 --fault-share 0.3

Its tokens are a quarter of the characters, rounded up; see `count_tokens`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import json
import struct
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from socket import SO_LINGER, SOL_SOCKET
from typing import TYPE_CHECKING, Any, Self

from prefdata.core.errors import InternalError, MissingExtraError
from prefdata.testing._chat_server.faults import BILLED, FAULT_KINDS, FaultName, Faults
from prefdata.testing._chat_server.log import Bill, ServerLog
from prefdata.testing._chat_server.replies import ScriptedReply, count_tokens, echo, envelope
from prefdata.testing.attached import stay

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    Body = dict[str, Any]

__all__ = [
    "BILLED",
    "FAULT_KINDS",
    "Bill",
    "ChatServer",
    "FaultName",
    "Faults",
    "ScriptedReply",
    "ServerLog",
    "count_tokens",
    "echo",
    "main",
]

_STARTED_WITHIN_SECONDS = 30.0
_PATIENCE_SECONDS = 0.01  # with requests at work when the server stops; 0 would be without end
_WRONG = {"foo": 1}
_STATUS = {"500": 500, "503": 503}


class ChatServer:
    """Serves scripted answers from a thread while the context is open.

    Args:
        reply: Returns the answer to the body of a request: a text or a `ScriptedReply`. By
            default `echo`. It is called in the server's thread, once per request that does not
            fail.
        latency_seconds: How long every answer takes.
        faults: How the n-th request fails: `Faults`, or any function of its number (from 0) that
            returns a `FaultName` or None.
        key: The key that requests must bring; none by default.
        retry_after_seconds: What the faults ``429-…`` ask for.
        slow_seconds: How long the fault ``slow`` takes.
        port: Port on loopback; 0 for one that is free.

    Examples:
        >>> with ChatServer(lambda body: "Yes.") as server:
        ...     server.log.n_received
        0
    """

    def __init__(
        self,
        reply: Callable[[Body], str | ScriptedReply] | None = None,
        *,
        latency_seconds: float = 0.0,
        faults: Callable[[int], FaultName | None] | None = None,
        key: str | None = None,
        retry_after_seconds: int = 1,
        slow_seconds: float = 0.5,
        port: int = 0,
    ) -> None:
        self.log = ServerLog()
        self._reply: Callable[[Body], str | ScriptedReply] = reply or echo
        self._latency = latency_seconds
        self._faults = faults
        self._key = key
        self._retry_after = retry_after_seconds
        self._slow = slow_seconds
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    @property
    def base_url(self) -> str:
        """Address up to ``/v1``, once the server has started."""
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> Self:
        """Start to serve; returns when requests are taken.

        Raises:
            MissingExtraError: If aiohttp is not installed.
        """
        is_up = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(is_up,), name="scripted-chat-server", daemon=True
        )
        self._thread.start()
        if not is_up.wait(_STARTED_WITHIN_SECONDS):
            raise InternalError("The scripted chat server did not start.")
        if self._error is not None:
            raise self._error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop at once; requests at work are dropped."""
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join(_STARTED_WITHIN_SECONDS)

    def _run(self, is_up: threading.Event) -> None:
        try:
            asyncio.run(self._serve(is_up))
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            self._error = error
        finally:
            is_up.set()

    async def _serve(self, is_up: threading.Event) -> None:
        try:
            from aiohttp import web
        except ModuleNotFoundError as error:
            raise MissingExtraError("The scripted chat server", extra="llm") from error
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        # A client that goes away cancels its request: what it never got is not answered.
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=_PATIENCE_SECONDS)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port, backlog=1024)
        try:
            await site.start()
            self._port = int(runner.addresses[0][1])
            is_up.set()
            await self._stop.wait()
        finally:
            server.pre_shutdown()
            await runner.cleanup()

    async def _handle(self, request: Any) -> Any:
        from aiohttp import web

        if request.path == "/scripted/log":
            return web.json_response(self.log.as_json())
        if self._key is not None and request.headers.get("Authorization") != f"Bearer {self._key}":
            said = str(request.headers.get("Authorization", "")).removeprefix("Bearer ")
            return _error(401, f"Incorrect API key provided: {said}.", "invalid_api_key")
        if request.path.endswith("/models"):
            return web.json_response({"object": "list", "data": [{"id": "scripted"}]})
        if not request.path.endswith("/chat/completions") or request.method != "POST":
            return _error(404, f"There is nothing at {request.path}.", "not_found")
        try:
            body = json.loads(await request.read())
        except ValueError:
            return _error(400, "The body is not JSON.", "invalid_request_error")
        n = self.log.receive(body)
        try:
            return await self._answer(request, body, n)
        finally:
            self.log.leave()

    async def _answer(self, request: Any, body: Body, n: int) -> Any:
        from aiohttp import web

        ends = time.monotonic() + self._latency
        fault = self._faults(n) if self._faults is not None else None
        if fault is not None:
            self.log.fail(fault)
        if fault == "timeout":
            await asyncio.Event().wait()  # until the client goes away
        if fault == "slow":
            ends += self._slow
        elif fault is not None:
            await _until(ends)
            return self._fail(request, body, fault)
        reply = self._reply(body)
        said: ScriptedReply = {"text": reply} if isinstance(reply, str) else reply
        headers = said.get("headers")
        if "status" in said:
            await _until(ends)
            error = {"error": said.get("error", {"message": "Scripted."})}
            return web.json_response(error, status=said["status"], headers=headers)
        whole = said["body"] if "body" in said else envelope(body, said)
        response = web.json_response(whole, headers=headers)
        await _until(ends)
        self._bill("good", whole)
        self.log.answer(body)
        return response

    def _fail(self, request: Any, body: Body, fault: FaultName) -> Any:
        """Return the response of a fault, which may be none at all."""
        from aiohttp import web

        if fault in _STATUS:
            return _error(_STATUS[fault], "The server had an error.", "server_error")
        if fault.startswith("429"):
            headers = self._when_to_retry(fault)
            return _error(429, "Rate limit reached.", "rate_limit_exceeded", headers)
        if fault == "reset":
            return _reset(request)
        if fault == "wrong-schema":
            return web.json_response(_WRONG)
        whole = envelope(body, self._reply(body))
        if fault == "empty-choices":
            whole["choices"] = []
        if fault == "null-content":
            whole["choices"][0]["message"]["content"] = None
        self._bill(fault, whole)
        if fault == "truncated":
            half = json.dumps(whole)[:-40]
            return web.Response(text=half, content_type="application/json")
        return _cut_off(request, whole) if fault == "cut-off" else web.json_response(whole)

    def _when_to_retry(self, fault: FaultName) -> dict[str, str]:
        seconds = self._retry_after
        later = datetime.now(UTC) + timedelta(seconds=seconds)
        return {
            "429-seconds": {"Retry-After": str(seconds)},
            "429-milliseconds": {"retry-after-ms": str(1000 * seconds)},
            "429-date": {"Retry-After": format_datetime(later, usegmt=True)},
        }.get(fault, {})

    def _bill(self, kind: str, whole: Any) -> None:
        usage = (whole.get("usage") if isinstance(whole, dict) else None) or {}
        self.log.bill(kind, usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0))


async def _until(ends: float) -> None:
    """Wait for the rest of the latency: what the server did meanwhile is part of it."""
    if (seconds := ends - time.monotonic()) > 0:
        await asyncio.sleep(seconds)


def _error(status: int, message: str, code: str, headers: dict[str, str] | None = None) -> Any:
    from aiohttp import web

    error = {"message": message, "type": code, "param": None, "code": code}
    return web.json_response({"error": error}, status=status, headers=headers)


def _reset(request: Any) -> Any:
    """Close the connection hard: the client sees a reset, not an end."""
    from aiohttp import web

    if (transport := request.transport) is not None:
        at_once = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, at_once)
        transport.abort()
    return web.Response()


def _cut_off(request: Any, whole: Body) -> Any:
    """Send half of a body, and close the connection."""
    from aiohttp import web

    body = json.dumps(whole).encode()
    if (transport := request.transport) is not None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        transport.write(head.encode() + b"\r\n\r\n" + body[: len(body) // 2])
        transport.close()
    return web.Response()


def main(arguments: list[str] | None = None) -> None:
    """Serve from the command line until the process is stopped."""
    parser = argparse.ArgumentParser(prog="python -m prefdata.testing.chat_server")
    parser.add_argument("--port", type=int, default=0, help="0: one that is free")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that an answer takes")
    parser.add_argument("--fault-share", type=float, default=0.0, help="share of faults")
    parser.add_argument("--fault-kinds", nargs="+", choices=FAULT_KINDS, help="by default several")
    parser.add_argument("--seed", type=int, default=0, help="seed of the faults")
    parser.add_argument("--key", help="the key that requests must bring")
    parser.add_argument("--reply", metavar="MODULE:FUNCTION", help="the script; by default an echo")
    parser.add_argument(
        "--attached", action="store_true", help="stop when standard input ends, as with its parent"
    )
    given = parser.parse_args(arguments)
    faults = Faults(given.fault_share, seed=given.seed)
    if given.fault_kinds:
        faults = Faults(given.fault_share, tuple(given.fault_kinds), given.seed)
    reply = None
    if given.reply:
        module, _, function = given.reply.partition(":")
        reply = getattr(importlib.import_module(module), function)
    server = ChatServer(
        reply,
        latency_seconds=given.latency,
        faults=faults if given.fault_share else None,
        key=given.key,
        port=given.port,
    )
    with server:
        stay(server.base_url, is_attached=given.attached)


if __name__ == "__main__":
    main()
