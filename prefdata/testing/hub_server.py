"""A scripted hub on loopback, for tests and benchmarks: it is not the Hugging Face Hub.

It speaks the routes that the clients `huggingface_hub` and `datasets` call to publish a dataset and
to load it again: repositories with commits, tags, branches and pull requests, large files by LFS
or by hf_xet, tokens, private and gated datasets. It fails when it is told to, and keeps a log.
What it cannot stand for: the hub's own rules for cards, its limits, its scans and its viewer.

As a process it prints its address, and serves until it is stopped; ``POST /scripted/faults`` takes
a `Fault` as JSON, and ``GET /scripted/log`` shows what was asked::

    python -m prefdata.testing.hub_server --port 0 --token hf_scripted:ada:write

References:
    huggingface_hub 2.4 and datasets 5.2, traced; the routes are not all documented.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from prefdata.testing._hub_server import files
from prefdata.testing._hub_server.accounts import Account
from prefdata.testing._hub_server.clients import client_environment, clients_of
from prefdata.testing._hub_server.faults import Fault
from prefdata.testing._hub_server.log import HubLog, Logged
from prefdata.testing._hub_server.repos import Commit, Repo, git_oid
from prefdata.testing._hub_server.routes import api
from prefdata.testing._hub_server.staged import example_table, stage
from prefdata.testing._hub_server.state import HubState
from prefdata.testing._hub_server.wire import Answer, Asked, Server
from prefdata.testing.attached import stay

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "Account",
    "Commit",
    "Fault",
    "HubLog",
    "HubServer",
    "Logged",
    "Repo",
    "client_environment",
    "clients_of",
    "example_table",
    "git_oid",
    "main",
    "stage",
]

del files  # imported for the routes that it registers

_PATIENCE_SECONDS = 10.0


class HubServer(HubState):
    """Serves datasets from threads while the context is open.

    Args:
        port: Port on loopback; 0 for one that is free.
        is_xet: Take large files by hf_xet, into a folder of this machine, instead of by LFS. A
            client that still runs holds a lock on that folder: load in another process.
        part_size: LFS takes files above this many bytes in parts; 0 takes all whole.
        page_size: Files on one page of a listing.

    Attributes:
        repos: The datasets by id; to be looked at when no request is at work.
        accounts: Who has which token.
        objects: Large files; its ``space`` is how many bytes still fit.
        faults: Which requests fail; `fail` adds one.
        log: What was asked.

    Examples:
        >>> with HubServer() as hub:
        ...     hub.log.requests
        []
    """

    def __init__(
        self, *, port: int = 0, is_xet: bool = False, part_size: int = 0, page_size: int = 1000
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="scripted-hub-")
        super().__init__(
            Path(self._folder.name), is_xet=is_xet, part_size=part_size, page_size=page_size
        )
        self._server = Server(port, self)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="scripted-hub", daemon=True
        )

    def __enter__(self) -> Self:
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and remove the large files."""
        self._server.shutdown()
        self._thread.join(_PATIENCE_SECONDS)
        self._server.server_close()
        self._folder.cleanup()

    def answer(self, asked: Asked) -> Answer:
        """Answer a request; one at a time, but for the bytes of large files."""
        if asked.path == "/scripted/log":
            return Answer.of(self.log.as_json())
        if asked.path == "/scripted/faults":
            self.faults.add(Fault.from_json(asked.json()))
            return Answer.of({})
        if asked.path.startswith("/lfs/"):  # as at the hub, the address is the permission
            return api.answer(self, asked)
        if (elsewhere := self.sent_on(asked)) is not None:
            return elsewhere
        with self._lock:
            account = self.accounts.of(asked)
            asked.user = account.user if account else None
            return api.answer(self, asked)


def main(arguments: list[str] | None = None) -> None:
    """Serve from the command line until the process is stopped."""
    parser = argparse.ArgumentParser(prog="python -m prefdata.testing.hub_server")
    parser.add_argument("--port", type=int, default=0, help="0: one that is free")
    parser.add_argument("--xet", action="store_true", help="take large files by hf_xet")
    parser.add_argument("--part-size", type=int, default=0, help="bytes of a part; 0: no parts")
    parser.add_argument(
        "--token",
        action="append",
        default=[],
        metavar="TOKEN:USER[:ROLE]",
        help="a token that is taken; may be given several times",
    )
    parser.add_argument(
        "--attached", action="store_true", help="stop when standard input ends, as with its parent"
    )
    given = parser.parse_args(arguments)
    with HubServer(port=given.port, is_xet=given.xet, part_size=given.part_size) as hub:
        for text in given.token:
            token, user, *more = text.split(":")
            hub.add_token(token, user, role=more[0] if more else "write")
        stay(hub.endpoint, is_attached=given.attached)


if __name__ == "__main__":
    main()
