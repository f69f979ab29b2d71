"""Draw the events of long work: bars on a terminal, plain lines elsewhere, JSON by option."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from prefdata.core.events import (
    Committed,
    Event,
    Note,
    Progress,
    StepFinished,
    StepStarted,
    silent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prefdata.core.events import Report

__all__ = ["query_bar", "reporter"]

_EVERY_SECONDS = 15.0
"""How often a pipe is told how far a long step is."""


@contextmanager
def reporter(*, as_json: bool = False, is_quiet: bool = False) -> Iterator[Report]:
    """Yield where events go: a live display on stderr, lines in a pipe, JSON lines on stdout.

    Args:
        as_json: JSON lines on stdout, and nothing on stderr.
        is_quiet: Nothing in a pipe, for a command that tells the result itself.
    """
    if as_json:
        yield _json
    elif is_quiet and not sys.stderr.isatty():
        yield silent
    elif sys.stderr.isatty():
        with _live() as report:
            yield report
    else:
        yield _Plain()


def _json(event: Event) -> None:
    record = {"event": type(event).__name__, **dataclasses.asdict(event)}
    sys.stdout.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


class _Plain:
    """Lines for a pipe: the events, and now and then how far a long step is."""

    def __init__(self) -> None:
        self._started: dict[str, tuple[StepStarted, float]] = {}
        self._told = time.monotonic()

    def __call__(self, event: Event) -> None:
        match event:
            case StepStarted(step, _, int(), _):
                self._started[step] = (event, time.monotonic())
            case Progress(step, done) if step in self._started:
                self._progress(*self._started[step], done)
            case _:
                pass  # The line below tells the other events.
        if text := _text(event):
            sys.stderr.write(f"{text}\n")

    def _progress(self, start: StepStarted, began: float, done: int) -> None:
        now = time.monotonic()
        total = start.total or 0
        if now - self._told < _EVERY_SECONDS or not done:
            return
        self._told = now
        rate = done / (now - began)
        left = timedelta(seconds=round((total - done) / rate))
        sys.stderr.write(
            f"{start.step}: {done:,} of {total:,} {start.unit}, "
            f"{rate:,.0f} {start.unit}/s, {left} left\n"
        )


def _text(event: Event) -> str | None:
    match event:
        case StepFinished() as done:
            said = f"{done.step}: {done.rows_in:,} in, {done.rows_out:,} out"
            if done.rejected:
                rules = ", ".join(
                    f"{rule} {count:,}" for rule, count in sorted(done.reasons.items())
                )
                said += f", {done.rejected:,} rejected ({rules})"
            return said + (", cached" if done.is_cached else f", {done.seconds:.1f} s")
        case Note(text):
            return f"note: {text}"
        case Committed(snapshot, _):
            return f"committed snapshot {snapshot[:12]}"
        case _:
            return None


@contextmanager
def _live() -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Rate(ProgressColumn):
        """How many texts, rows or bytes a second; nothing where the end is not known."""

        def render(self, task: Task) -> Text:
            if task.speed is None or task.total is None:
                return Text("")
            return Text(f"{task.speed:,.0f} {task.fields['unit']}/s")

    console = Console(stderr=True, highlight=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        tasks: dict[str, int] = {}

        def report(event: Event) -> None:
            match event:
                case StepStarted(step, _, total, unit):
                    tasks[step] = int(bars.add_task(step, total=total, unit=unit))
                case Progress(step, done) if step in tasks:
                    bars.update(tasks[step], completed=done)  # type: ignore[arg-type]
                case StepFinished(step=step) if step in tasks:
                    bars.remove_task(tasks.pop(step))  # type: ignore[arg-type]
                case _:
                    pass  # Other events draw no bar; the line below tells them.
            if text := _text(event):
                console.print(text, soft_wrap=True, markup=False)

        yield report


@contextmanager
def query_bar() -> Iterator[Callable[[float], None] | None]:
    """Yield a function that draws the share of a query that is done; None in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    with Bars(
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bars:
        task = bars.add_task("query", total=1.0)
        yield lambda share: bars.update(task, completed=share)
