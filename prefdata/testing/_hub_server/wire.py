"""HTTP for the scripted hub: requests in, answers out, connections cut where a fault says so."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import parse_qs, urlsplit

from prefdata.testing._hub_server.log import HubLog, Logged
from prefdata.testing._hub_server.repos import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prefdata.testing._hub_server.faults import Fault, Faults

__all__ = ["Answer", "Asked", "Hub", "Server", "error_answer"]

_PIECE = 1 << 20


@dataclass(slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    """As it came, without the query; its parts may still be quoted."""
    query: dict[str, str]
    headers: dict[str, str]
    """With names in small letters."""
    pieces: Iterator[bytes]
    """The body."""
    target: str
    """The path with its query."""
    user: str | None = None
    """Whose token it brought; set before it is answered."""

    def text(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.pieces)

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.text() or b"{}")

    @property
    def token(self) -> str | None:
        """The token that it brought."""
        said = self.headers.get("authorization", "")
        return said.removeprefix("Bearer ") if said.startswith("Bearer ") else None


@dataclass(slots=True)
class Answer:
    """One answer."""

    body: bytes | Path = b""
    """Bytes, or a file that is sent in parts as the request asks."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any, status: int = 200, **headers: str) -> Answer:
        """Return an answer in JSON; in names of headers, write _ for a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(
            json.dumps(value).encode(), status, {"Content-Type": "application/json", **named}
        )


class Hub(Protocol):
    """What the wire needs of the server behind it."""

    log: HubLog
    faults: Faults

    def answer(self, asked: Asked) -> Answer:
        """Do the work."""
        ...

    def revoke(self, token: str) -> None:
        """Refuse a token from now on."""
        ...


class Server(ThreadingHTTPServer):
    """Listens on loopback, one thread per connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, hub: Hub) -> None:
        self.hub = hub
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, *_: Any) -> None:
        """Stay silent when a client goes away, which is what some tests do to it."""


def error_answer(refused: Refused) -> Answer:
    """Return how the hub says no."""
    headers = {"X-Error-Message": refused.message}
    if refused.code is not None:
        headers["X-Error-Code"] = refused.code
    answer = Answer.of({"error": refused.message, **refused.more}, refused.status)
    answer.headers |= headers
    return answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave together: on their own, each would wait for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Server
    _kinds: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST", "PUT", "DELETE")

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Take all methods alike."""
        if name.removeprefix("do_") in self._kinds:
            return self._serve
        raise AttributeError(name)

    def log_message(self, *_: Any) -> None:
        """Write nothing: the log is kept by the hub."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        asked = Asked(
            method=self.command,
            path=parts.path,
            query={name: values[-1] for name, values in parse_qs(parts.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            pieces=self._body(),
            target=self.path,
        )
        answer = self._work(asked)
        for _ in asked.pieces:  # what nobody read would be taken for the next request
            pass
        status = None if answer is None else answer.status
        if not asked.path.startswith("/scripted/"):
            self.server.hub.log.add(
                Logged(asked.method, asked.path, parts.query, asked.user, status)
            )
        if answer is None:
            self._cut()
        else:
            self._send(answer)

    def _work(self, asked: Asked) -> Answer | None:
        """Return the answer, or None where the connection is to be cut."""
        hub = self.server.hub
        fault: Fault | None = hub.faults.take(f"{asked.method} {asked.path}")
        if fault is not None:
            time.sleep(fault.delay_seconds)
            if fault.call is not None:
                fault.call()
            if fault.revoke and asked.token is not None:
                hub.revoke(asked.token)
            if fault.drop == "before":
                return None
            if fault.status is not None:
                answer = error_answer(Refused(fault.status, "Scripted."))
                answer.headers |= fault.headers
                return answer
        try:
            answer = hub.answer(asked)
        except Refused as refused:
            answer = error_answer(refused)
        return None if fault is not None and fault.drop == "after" else answer

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0 and (piece := self.rfile.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, answer: Answer) -> None:
        size = len(answer.body) if isinstance(answer.body, bytes) else answer.body.stat().st_size
        start, stop = _range(self.headers.get("Range"), size)
        is_part = answer.status == 200 and (start, stop) != (0, size)  # noqa: PLR2004
        self.send_response(206 if is_part else answer.status)
        if is_part:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        if self.command != "HEAD":
            self._write(answer.body, start, stop)
        self.wfile.flush()

    def _write(self, body: bytes | Path, start: int, stop: int) -> None:
        if isinstance(body, bytes):
            self.wfile.write(body[start:stop])
            return
        with body.open("rb") as file:
            file.seek(start)
            while start < stop:
                piece = file.read(min(_PIECE, stop - start))
                self.wfile.write(piece)
                start += len(piece)


def _range(said: str | None, size: int) -> tuple[int, int]:
    """Return the first byte that is wanted, and the one behind the last."""
    if not said or not said.startswith("bytes=") or "," in said:
        return 0, size
    first, _, last = said.removeprefix("bytes=").partition("-")
    if not first:
        return max(size - int(last), 0), size
    return min(int(first), size), min(int(last) + 1, size) if last else size
