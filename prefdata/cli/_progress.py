"""Draw the events of long work: bars on a terminal, plain lines elsewhere, JSON by option."""

from __future__ import annotations

import dataclasses
import json
import sys
from contextlib import contextmanager
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
        yield _plain


def _json(event: Event) -> None:
    record = {"event": type(event).__name__, **dataclasses.asdict(event)}
    sys.stdout.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def _plain(event: Event) -> None:
    if text := _text(event):
        sys.stderr.write(f"{text}\n")


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
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as Bars

    console = Console(stderr=True, highlight=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        tasks: dict[str, int] = {}

        def report(event: Event) -> None:
            match event:
                case StepStarted(step, _, total, _):
                    tasks[step] = int(bars.add_task(step, total=total))
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
