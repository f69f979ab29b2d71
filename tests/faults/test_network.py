"""A server that cuts, lies and sends errors: the file is whole at the end, or it is told."""

from __future__ import annotations

import hashlib
import os
import random
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

import pytest

from prefdata.core.errors import FetchError
from prefdata.fetch.http import Patience, download

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_N = int(os.environ.get("PREFDATA_KILLS", "40"))
_SEED = int(os.environ.get("PREFDATA_KILL_SEED", "0"))
_QUICK = Patience(attempts=8, read_seconds=2, wait_initial_seconds=0.0, wait_max_seconds=0.0)
_KINDS = ("whole", "cut", "cut", "reset", "503", "empty", "longer", "other-range", "no-range")


class _Server:
    """Serves one file; what it does with a request is drawn, or always the same."""

    def __init__(self, data: bytes, seed: str, kinds: tuple[str, ...] = _KINDS) -> None:
        chance = random.Random(seed)  # noqa: S311 - faults of a test
        tag = f'"{hashlib.sha256(data).hexdigest()[:12]}"'
        self.n_requests = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                outer.n_requests += 1
                kind = chance.choice(kinds)
                self.close_connection = True
                if kind == "503":
                    self.send_response(503)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                asked = self.headers.get("Range", "bytes=0-").removeprefix("bytes=")
                start = int(asked.partition("-")[0])
                is_part = bool(start) and kind != "no-range"
                start = start if is_part else 0
                body = data[start:]
                said = start + 1 if kind == "other-range" and is_part else start
                self.send_response(206 if is_part else 200)
                if is_part:
                    self.send_header("Content-Range", f"bytes {said}-{len(data) - 1}/{len(data)}")
                self.send_header("Content-Length", str(len(body) + (kind == "longer") * 7))
                self.send_header("ETag", tag)
                self.end_headers()
                if kind in ("cut", "reset", "empty"):
                    body = body[: 0 if kind == "empty" else chance.randrange(len(body) + 1)]
                self.wfile.write(body)
                if kind == "reset":
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/rows.jsonl"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()


def _storm(folder: Path, n: int) -> dict[str, int]:
    counts = {"files": 0, "requests": 0, "told": 0}
    for i in range(n):
        data = random.Random(i).randbytes(200_000)  # noqa: S311 - bytes of a test
        target = folder / f"{i}" / "rows.jsonl"
        with _Server(data, f"{_SEED} {i}") as server:
            for _ in range(50):
                try:
                    download(server.url, target, patience=_QUICK)
                    break
                except FetchError:
                    assert not target.exists(), "a file that is not whole"
                    counts["told"] += 1
            counts["requests"] += server.n_requests
        assert target.read_bytes() == data
        assert {path.name for path in target.parent.iterdir()} <= {
            "rows.jsonl",
            ".rows.jsonl.json",
            ".rows.jsonl.lock",
        }
        counts["files"] += 1
    return counts


def test_a_file_is_whole_however_often_it_is_interrupted(tmp_path: Path) -> None:
    assert _storm(tmp_path, 3)["files"] == 3


@pytest.mark.fault
def test_many_files_are_whole_however_often_they_are_interrupted(tmp_path: Path) -> None:
    print(_storm(tmp_path, _N))  # noqa: T201 - shown by pytest -s


def test_a_server_that_only_cuts_is_told_and_what_came_is_kept(tmp_path: Path) -> None:
    data = b"x" * 1000
    target = tmp_path / "rows.jsonl"
    with (
        _Server(data, "empty", kinds=("empty",)) as server,
        pytest.raises(FetchError, match="could not be downloaded") as caught,
    ):
        download(server.url, target, patience=_QUICK)
    assert (caught.value.exit_status, caught.value.retryable) == (4, True)
    assert not target.exists()
