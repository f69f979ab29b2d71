"""A real HTTP server on the loopback, whose faults a test chooses."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__: list[str] = []

_DATE = "2026-01-01T00:00:00.000Z"
_RANGE = re.compile(r"bytes=(\d+)-")


@dataclass
class Served:
    """One file of the server."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    has_ranges: bool = True
    longest_range: int | None = None
    """Bytes after which the server ends an answer to a range."""

    @property
    def etag(self) -> str:
        return self.headers.get("ETag", f'"{hashlib.sha256(self.body).hexdigest()}"')


@dataclass(frozen=True)
class Asked:
    """One request that the server got."""

    method: str
    path: str
    headers: dict[str, str]


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up early is what some tests are about."""


class FileServer:
    """Serves files with ranges and validators; answers and cuts come from the test."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.answers: list[tuple[int, dict[str, str]]] = []
        """Answers to give before any file is served, in order."""
        self.cut: Callable[[int], int | None] = lambda _: None
        """Given the bytes about to be sent, after how many to drop the connection."""
        self.asked: list[Asked] = []
        handler = type("Handler", (_Handler,), {"files": self})
        self._server = _QuietServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def serve(self, path: str, body: bytes, **headers: str) -> str:
        """Offer a file; header names are given with underscores. Return its address."""
        self.files[path] = Served(
            body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        return self.url + path

    def serve_repository(
        self, repo: str, commit: str, files: dict[str, bytes], *, revisions: tuple[str, ...] = ()
    ) -> None:
        """Offer a dataset as the hub does: what it is, its history, its tree and its files."""
        base = f"/api/datasets/{repo}"
        tree = [
            {"type": "file", "path": name, "size": len(body), "oid": "0" * 40}
            for name, body in files.items()
        ]
        history = [{"id": commit, "title": "x", "message": "", "date": _DATE, "authors": []}]
        info = {"id": repo, "sha": commit, "private": False, "gated": False, "tags": []}
        for revision in (commit, "main", *revisions):
            self.serve(f"{base}/revision/{revision}", json.dumps(info).encode())
            self.serve(f"{base}/tree/{revision}", json.dumps(tree).encode())
            self.serve(f"{base}/commits/{revision}", json.dumps(history).encode())
        for name, body in files.items():
            path = f"/datasets/{repo}/resolve/{commit}/{name}"
            self.serve(path, body, X_Repo_Commit=commit)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: FileServer

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature of the base
        pass

    def _answer(self, *, with_body: bool) -> None:
        owner = self.files
        path = unquote(self.path.partition("?")[0])
        owner.asked.append(Asked(self.command, path, dict(self.headers.items())))
        if owner.answers:
            status, headers = owner.answers.pop(0)
            self._send(status, headers, b"", with_body=with_body)
            return
        served = owner.files.get(path)
        if served is None:
            self._send(404, _missing(path), b"", with_body=with_body)
            return
        headers = {
            "ETag": served.etag,
            "Content-Type": "application/octet-stream",
            **served.headers,
        }
        headers = {name: value for name, value in headers.items() if value}
        if self.headers.get("If-None-Match") == served.etag:
            self._send(304, headers, b"", with_body=False)
            return
        wanted = _RANGE.fullmatch(self.headers.get("Range", ""))
        is_same = self.headers.get("If-Range", served.etag) == served.etag
        if wanted and served.has_ranges and is_same:
            start, size = int(wanted[1]), len(served.body)
            if start >= size:
                self._send(416, {"Content-Range": f"bytes */{size}"}, b"", with_body=with_body)
                return
            end = size if served.longest_range is None else start + served.longest_range
            body = served.body[start:end]
            headers["Content-Range"] = f"bytes {start}-{start + len(body) - 1}/{size}"
            self._send(206, headers, body, with_body=with_body)
            return
        self._send(200, headers, served.body, with_body=with_body)

    def _send(self, status: int, headers: dict[str, str], body: bytes, *, with_body: bool) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not with_body:
            return
        cut = self.files.cut(len(body))
        self.wfile.write(body[:cut])
        if cut is not None:
            self.wfile.flush()
            cast("socket.socket", self.connection).shutdown(socket.SHUT_RDWR)
            self.close_connection = True


def _missing(path: str) -> dict[str, str]:
    """Return how the hub says what is missing."""
    if "/resolve/" in path:
        return {"X-Error-Code": "EntryNotFound"}
    return {"X-Error-Code": "RevisionNotFound" if "/org/toy/" in path else "RepoNotFound"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """Serve on the loopback, and let the fetch use it."""
    for name in ("PREFDATA_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = FileServer()
    yield running
    running.close()


@pytest.fixture
def in_child(server: FileServer, tmp_path: Path) -> Callable[..., Any]:
    """Return a call of `fetch` in a process of its own that takes the server for the hub.

    The library of the hub reads its address when it is imported, so this process cannot. What
    comes back is JSON: the files with their bytes, the events, or the error. The variable
    ``SHIPPED`` puts another folder of cards in place of ours.
    """

    def run(source: str, origin: str | None, **environment: str) -> Any:
        process = subprocess.run(
            [sys.executable, "-c", _CHILD, source, origin or "", str(tmp_path / "cache")],
            env={
                **os.environ,
                "HF_ENDPOINT": server.url,
                "HF_HOME": str(tmp_path / "hf"),
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_HUB_DISABLE_UPDATE_CHECK": "1",
                "HF_HUB_DISABLE_XET": "1",
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)

    return run


_CHILD = """
import json, os, sys
from pathlib import Path
from prefdata.core.errors import PrefdataError
from prefdata.fetch import cards, fetch

if "SHIPPED" in os.environ:
    cards.shipped_folder = lambda name: Path(os.environ["SHIPPED"]) / name
source, origin, cache = sys.argv[1:]
events = []
try:
    found = fetch(source, origin or None, cache=Path(cache), report=events.append)
except PrefdataError as error:
    print(json.dumps({"error": str(error), "code": error.code}))
else:
    print(json.dumps({
        "files": [[raw.name, raw.revision, raw.path.read_text()] for raw in found],
        "notes": [event.text for event in events if hasattr(event, "text")],
        "done": [event.done for event in events if hasattr(event, "done")],
    }))
"""
