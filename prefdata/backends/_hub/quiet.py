"""Silence while a model library works, and what it said meanwhile."""

from __future__ import annotations

import contextlib
import importlib
import logging
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["first_line", "quietly"]

_SPOKEN = ("sentence_transformers", "transformers")


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, or its type where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


@contextlib.contextmanager
def quietly() -> Iterator[list[str]]:
    """Hold back progress bars, warnings and messages of the libraries; give the messages."""
    spoken: Any = importlib.import_module("transformers.utils.logging")
    listener = _Listener()
    loggers = [logging.getLogger(name) for name in _SPOKEN]
    before = [(logger.handlers, logger.propagate) for logger in loggers]
    had_bars = spoken.is_progress_bar_enabled()
    spoken.disable_progress_bar()
    for logger in loggers:
        logger.handlers, logger.propagate = [listener], False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield listener.told
    finally:
        for logger, (handlers, propagate) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate
        if had_bars:
            spoken.enable_progress_bar()


class _Listener(logging.Handler):
    """Keeps what is said, instead of printing it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.told.append(record.getMessage())
