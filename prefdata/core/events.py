"""What long work tells while it runs. The library reports; only the command line prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = [
    "Committed",
    "Event",
    "Note",
    "Progress",
    "Report",
    "StepFinished",
    "StepStarted",
    "once",
    "silent",
]


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A step begins; ``total`` in ``unit`` is None when nobody knows."""

    step: str
    stage: str
    total: int | None = None
    unit: str = "rows"


@dataclass(frozen=True, slots=True)
class Progress(Event):
    """A step got further; ``done`` counts from its start in the unit of `StepStarted`."""

    step: str
    done: int


@dataclass(frozen=True, slots=True)
class StepFinished(Event):
    """A step ended: rows in = rows out + rejected."""

    step: str
    stage: str
    rows_in: int
    rows_out: int
    rejected: int
    seconds: float
    is_cached: bool = False
    reasons: dict[str, int] = field(default_factory=dict)
    """Rejected rows by rule."""


@dataclass(frozen=True, slots=True)
class Committed(Event):
    """A run became visible to readers."""

    snapshot: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Note(Event):
    """Something the user should know; the work goes on."""

    text: str


Report = Callable[[Event], None]


def once(report: Report) -> Report:
    """Return a report that tells each note once, however many parts of a work have it to tell."""
    told: set[Event] = set()

    def tell(event: Event) -> None:
        if isinstance(event, Note):
            if event in told:
                return
            told.add(event)
        report(event)

    return tell


def silent(event: Event) -> None:
    """Ignore an event; the default of library calls."""
    del event
