"""A process that has everything imported and forks a command at a time, told on its input.

Most of what a short command costs is importing; a fork has that already, and what it does after
is what it would do anyway. Nothing here has used the libraries before, so that none of them holds
threads that a fork would lose.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

from prefdata.testing._disturb.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(modules: Sequence[str]) -> None:
    """Import, then run commands until the input ends.

    Each line of the input is an object with ``words``, ``kill_at``, ``clock``, ``folder`` and
    ``environment``; for each, one line says the number of the process, one how it ended.
    """
    for module in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    steps = Steps()
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if not pid:
            _work(asked, steps)
        _say({"pid": pid})
        _, status = os.waitpid(pid, 0)
        _say({"status": os.waitstatus_to_exitcode(status), "steps": steps.n})


def _say(said: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def _work(asked: dict[str, Any], steps: Steps) -> None:
    """Be the command, and end."""
    status = 1
    try:
        _redirect(asked["folder"])
        os.environ.update(asked["environment"])
        sys.argv = ["prefdata", *asked["words"]]
        # By name: the machinery of tests stands below the commands that it runs.
        command = importlib.import_module("prefdata.cli").main

        steps.start(kill_at=asked["kill_at"], clock=asked["clock"])
        try:
            command()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - the process ends here, as Python would end it
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _redirect(folder: str) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    for place, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, place)


if __name__ == "__main__":
    main(sys.argv[1:])
