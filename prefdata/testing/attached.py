"""How a server for tests runs as a process of its own: tells its address, and stays until told."""

from __future__ import annotations

import contextlib
import sys
import threading

__all__ = ["stay"]


def stay(address: str, *, is_attached: bool) -> None:
    """Print the address, and return when the process is to end.

    Args:
        address: Where the server listens.
        is_attached: Whether to end with standard input, as with the parent; else on ctrl-c.
    """
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        if is_attached:
            sys.stdin.read()
        else:
            threading.Event().wait()
