"""Run a coroutine from code that is not one, also where an event loop runs already."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["run"]

_T = TypeVar("_T")


def run(main: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """Run a coroutine to its end and return its result.

    Ctrl-C cancels it, which lets it put its things in order, and is raised when it has ended. In
    a notebook, whose thread has a loop of its own, it runs in another thread.

    Args:
        main: Makes the coroutine.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main())
    return _in_thread(main)


def _in_thread(main: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    ended: Future[_T] = Future()
    begun = threading.Event()
    inside: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    async def watched() -> _T:
        task = asyncio.current_task()
        if task is not None:
            inside.append((asyncio.get_running_loop(), task))
        begun.set()
        return await main()

    def work() -> None:
        try:
            ended.set_result(asyncio.run(watched()))
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            ended.set_exception(error)
        finally:
            begun.set()

    thread = threading.Thread(target=work, name="prefdata-chat", daemon=True)
    thread.start()
    try:
        return ended.result()
    except KeyboardInterrupt:
        begun.wait()
        for loop, task in inside:
            if not ended.done():
                loop.call_soon_threadsafe(task.cancel)
        ended.exception()  # waits
        raise
    finally:
        thread.join()
