"""Events are values: equal when alike, fixed once made, and ignored when nobody listens."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from prefdata.core.events import (
    Committed,
    Event,
    Note,
    Progress,
    StepFinished,
    StepStarted,
    once,
    silent,
)

__all__: list[str] = []

_EVENTS: list[Event] = [
    StepStarted("pairs", "make-pairs"),
    Progress("pairs", 7),
    StepFinished("pairs", "make-pairs", 3, 2, 1, 0.5, reasons={"tie": 1}),
    Committed("abc", "run-1"),
    Note("something"),
]


@pytest.mark.parametrize("event", _EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_travels_between_processes_and_cannot_be_changed(event: Event) -> None:
    assert pickle.loads(pickle.dumps(event)) == event  # noqa: S301
    field = dataclasses.fields(event)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(event, field, "other")


def test_a_step_without_a_total_counts_rows() -> None:
    started = StepStarted("pairs", "make-pairs")
    assert (started.total, started.unit) == (None, "rows")


def test_two_finished_steps_do_not_share_their_reasons() -> None:
    one, two = (StepFinished("s", "s", 0, 0, 0, 0.0) for _ in range(2))
    assert one.reasons == {}
    assert one.reasons is not two.reasons


def test_nobody_listens_by_default() -> None:
    silent(Note("something"))


def test_a_note_is_told_once_and_progress_each_time() -> None:
    told: list[Event] = []
    report = once(told.append)
    for event in (Note("a"), Note("a"), Progress("s", 1), Progress("s", 1), Note("b")):
        report(event)
    assert told == [Note("a"), Progress("s", 1), Progress("s", 1), Note("b")]
