"""The cluster: one that runs, or one of this machine that is started and leaves nothing behind."""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
import os
import secrets
import shutil
import signal
import socket
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Capacity", "Cluster"]

_ADDRESS = "RAY_ADDRESS"
_AUTH, _TOKEN = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"
_KNOCK_SECONDS = 5.0
_LONGEST_FOLDER = 46
"""Characters; Ray puts sockets of 60 more below it, and a socket has 107 at most."""
_OURS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # A worker has one processor, and so has what it computes with.
    "POLARS_MAX_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # Of a worker that was killed because memory ran out; without it, there is no end.
    "RAY_task_oom_retries": "3",
}


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a cluster has, all together and in its greatest node."""

    cpus: float
    gpus: int
    memory_bytes: float
    most_cpus: float
    most_memory_bytes: float


class Cluster:
    """A connection to a cluster; made at once where there is an address, else when it is used."""

    def __init__(self, address: str | None, workers: int | None) -> None:
        """Connect to what runs at an address, or at ``RAY_ADDRESS``.

        Args:
            address: As Ray takes it; None for a cluster of its own.
            workers: Processors that a cluster of its own has; None for all.

        Raises:
            BackendError: If there is no cluster at the address.
        """
        self._address = address or os.environ.get(_ADDRESS) or None
        self._workers = workers
        self._is_open = self._is_ours = False
        self._folder: Path | None = None
        if self._address is not None:
            self.open()

    def open(self) -> None:
        """Connect, or start; nothing where that is done.

        Raises:
            BackendError: If it cannot be done.
        """
        if self._is_open:
            return
        import ray

        # Who has connected already, in a notebook for example, goes on with that connection.
        if not ray.is_initialized():
            self._start()
            self._is_ours = True
        self._is_open = True

    def _start(self) -> None:
        import ray

        # It prints warnings of what is as it shall be: that a token is asked for.
        logging.getLogger("ray").setLevel(logging.ERROR)
        given: dict[str, Any] = {"address": self._address}
        settings = {"RAY_USAGE_STATS_ENABLED": "0"}
        if self._address is None:
            self._folder = _folder()
            settings = _OURS | _token()
            given = {
                "address": "local",
                "num_cpus": self._workers,
                "include_dashboard": False,
                "_temp_dir": str(self._folder),
                # Nobody else on the network is to reach it.
                "_node_ip_address": "127.0.0.1",
            }
        try:
            with _environment(settings), _own_signals():
                _knock(self._address)
                ray.init(log_to_driver=False, configure_logging=False, **given)
        except Exception as error:  # Ray fails in many ways
            ray.shutdown()
            self._remove()
            place = self._address or "this machine"
            said = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise BackendError(
                f"There is no Ray cluster to be had: {said}",
                where=f"address: {place}",
                fix="Check it with `ray status --address ADDRESS`; its Ray and Python must be "
                "those of this machine. Without an address a cluster of this machine is started.",
            ) from error

    def capacity(self) -> Capacity:
        """Return what the cluster has now."""
        import ray

        listed: Any = ray.nodes  # has no types
        nodes: list[dict[str, float]] = [
            node["Resources"] for node in listed() if node.get("Alive")
        ]
        cpus = [node.get("CPU", 0.0) for node in nodes]
        memory = [node.get("memory", 0.0) for node in nodes]
        gpus = sum(int(node.get("GPU", 0)) for node in nodes)
        return Capacity(sum(cpus), gpus, sum(memory), max(cpus, default=0), max(memory, default=0))

    def close(self) -> None:
        """End what was started, or leave what was connected to."""
        if self._is_ours:
            import ray

            with _own_signals():
                ray.shutdown()
            _forget_token()
        self._is_open = self._is_ours = False
        self._remove()

    def _remove(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _knock(address: str | None) -> None:
    """Look whether there is anything at an address: Ray would try for ten minutes.

    Raises:
        OSError: If there is nothing.
    """
    host, _, port = (address or "").rpartition(":")
    if port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=_KNOCK_SECONDS).close()


def _folder() -> Path:
    """Make a folder for what Ray writes, with a name that is short enough."""
    folder = Path(tempfile.mkdtemp(prefix="prefdata-ray-"))
    if len(str(folder)) <= _LONGEST_FOLDER:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="prefdata-ray-", dir="/tmp"))


@functools.cache
def _secret() -> str:
    # One for the process: Ray reads it once.
    return secrets.token_hex(32)


def _token() -> dict[str, str]:
    """Return a token, without which others on this machine cannot use the cluster.

    Ray would write one into the home of the user. That it asks for one is its default, which it
    notes in the environment.
    """
    return {} if _AUTH in os.environ else {_TOKEN: _secret()}


def _forget_token() -> None:
    """Let the next connection of this process read its own token.

    Ray keeps the first one for the life of the process. A cluster with another token then takes
    this process for dead, because its questions are refused, and ends each worker with a model.
    """
    # Nothing public does it; this is what Ray's own tests do from one cluster to the next.
    raylet: Any = importlib.import_module("ray._raylet")
    raylet.Config.initialize("")
    raylet.AuthenticationTokenLoader.instance().reset_cache()


@contextlib.contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    """Set variables for the processes that are started meanwhile, unless the user has set them.

    What Ray sets in this process, such as what a break point does, is taken back as well.
    """
    before = set(os.environ)
    os.environ.update({name: value for name, value in settings.items() if name not in before})
    try:
        yield
    finally:
        for name in set(os.environ) - before:
            del os.environ[name]


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Put back what is done at SIGTERM: Ray has its own way, which hides that of the program."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
