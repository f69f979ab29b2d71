"""Coroutines run from anywhere, and Ctrl-C lets them put their things in order."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import Any

import pytest

from prefdata.chat.loop import run

__all__: list[str] = []


async def _twice(n: int) -> int:
    await asyncio.sleep(0)
    return 2 * n


def test_it_runs_with_and_without_a_loop_around() -> None:
    async def around() -> int:
        return run(lambda: _twice(4))

    assert run(lambda: _twice(3)) == 6
    assert asyncio.run(around()) == 8


def test_errors_come_back() -> None:
    async def fail() -> None:
        raise LookupError

    async def around() -> None:
        run(fail)

    with pytest.raises(LookupError):
        run(fail)
    with pytest.raises(LookupError):
        asyncio.run(around())


@pytest.mark.parametrize("is_around", [False, True])
def test_ctrl_c_cancels_and_waits(is_around: bool) -> None:
    told: list[Any] = []

    async def work() -> None:
        threading.Timer(0.1, _press).start()
        try:
            await asyncio.sleep(20)
        finally:
            await asyncio.sleep(0.05)
            told.append("in order")

    async def around() -> None:
        run(work)

    def call() -> None:
        if is_around:
            _as_a_notebook(around)
        else:
            run(work)

    with pytest.raises(KeyboardInterrupt):
        call()
    assert told == ["in order"]


def _press() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def _as_a_notebook(main: Any) -> None:
    """Run as a notebook does, whose loop leaves Ctrl-C to Python."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
