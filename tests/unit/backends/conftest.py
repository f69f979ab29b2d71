"""A hub of our own: what the Hugging Face hub answers about one repository, on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__: list[str] = []

_COMMIT = "c0ffee" + "0" * 34


class Hub(Protocol):
    """Serves files as the repository ``org/model``, and runs code that may ask for them."""

    def serve(self, files: Mapping[str, bytes]) -> str:
        """Return the address under which the files are served."""
        ...

    def run(self, code: str, endpoint: str) -> list[str]:
        """Return the words that code prints in a process whose hub is at an address."""
        ...


class _Hub:
    def __init__(self, home: Path) -> None:
        self._home = home
        self._servers: list[ThreadingHTTPServer] = []

    def serve(self, files: Mapping[str, bytes]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(files))
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    def run(self, code: str, endpoint: str) -> list[str]:
        # The library reads its address when it is imported, so this process cannot ask it.
        environment = {k: v for k, v in os.environ.items() if "OFFLINE" not in k}
        environment |= {
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(self._home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        process = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        assert process.stderr == ""
        return process.stdout.split()

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


def _handler(files: Mapping[str, bytes]) -> type[BaseHTTPRequestHandler]:
    api = "/api/models/org/model"
    tree = [
        {"type": "file", "path": name, "size": len(body), "oid": "0" * 40}
        for name, body in files.items()
    ]
    answers = {
        f"{api}/revision/main": json.dumps({"id": "org/model", "sha": _COMMIT}).encode(),
        f"{api}/tree/{_COMMIT}": json.dumps(tree).encode(),
        **{f"/org/model/resolve/{_COMMIT}/{name}": body for name, body in files.items()},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.get(self.path.partition("?")[0])
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.send_header("ETag", f'"{hash(body)}"')
            self.send_header("X-Repo-Commit", _COMMIT)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body or b"")

        do_HEAD = do_GET  # noqa: N815 - the base's name

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """Return a hub whose users have an empty cache."""
    made = _Hub(tmp_path / "hf-home")
    yield made
    made.close()
