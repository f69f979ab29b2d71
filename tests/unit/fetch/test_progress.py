"""Positions within files add up to one count that ends at the last byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.events import Event, Progress, StepStarted
from prefdata.fetch.progress import STEP, Meter

__all__: list[str] = []


@given(st.lists(st.lists(st.integers(0, 1 << 23), min_size=1).map(sorted), max_size=4))
def test_the_last_report_is_the_sum_of_all_files(files: list[list[int]]) -> None:
    events: list[Event] = []
    total = sum(positions[-1] for positions in files)
    meter = Meter(events.append, total=total)
    for positions in files:
        meter.begin()
        for position in positions:
            meter.at(position)
        meter.end()
    assert events[0] == StepStarted(step=STEP, stage="fetch", total=total, unit="bytes")
    done = [event.done for event in events if isinstance(event, Progress)]
    assert done == sorted(set(done))
    assert (done or [0])[-1] == total
    assert len(done) <= len(files) + total / (1 << 20)


def test_a_restart_falls_back() -> None:
    events: list[Event] = []
    meter = Meter(events.append)
    meter.begin()
    meter.at(5 << 20)
    meter.at(0)
    meter.end()
    assert [event.done for event in events if isinstance(event, Progress)] == [5 << 20, 0]
