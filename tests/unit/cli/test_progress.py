"""Events become bars on a terminal, lines in a pipe, JSON when asked, nothing when quiet."""

from __future__ import annotations

import io
import json
import sys

import pytest

from prefdata.cli._progress import query_bar, reporter
from prefdata.core.events import Committed, Event, Note, Progress, StepFinished, StepStarted

__all__: list[str] = []

_EVENTS: tuple[Event, ...] = (
    StepStarted("pairs", "make-pairs", total=1200),
    Progress("pairs", 600),
    StepFinished("pairs", "make-pairs", 1200, 1100, 100, 0.25, reasons={"tie": 98, "empty": 2}),
    StepFinished("split", "split-by-prompt", 5, 5, 0, 0.0, is_cached=True),
    Note("look at [this]"),
    Committed("0123456789abcdef", "run"),
)
_LINES = [
    "pairs: 1,200 in, 1,100 out, 100 rejected (empty 2, tie 98), 0.2 s",
    "split: 5 in, 5 out, cached",
    "note: look at [this]",
    "committed snapshot 0123456789ab",
]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _tell(*, as_json: bool = False, is_quiet: bool = False) -> None:
    with reporter(as_json=as_json, is_quiet=is_quiet) as report:
        for event in _EVENTS:
            report(event)


def test_in_a_pipe_what_is_done_is_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    _tell()
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == ("", _LINES)


def test_when_asked_every_event_is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    _tell(as_json=True, is_quiet=True)
    out, err = capsys.readouterr()
    records = [json.loads(line) for line in out.splitlines()]
    assert err == ""
    assert [record["event"] for record in records] == [type(event).__name__ for event in _EVENTS]
    assert records[2]["reasons"] == {"tie": 98, "empty": 2}


def test_quiet_says_nothing_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    _tell(is_quiet=True)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("is_quiet", [False, True])
def test_on_a_terminal_the_lines_stand_above_the_bars(
    is_quiet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    _tell(is_quiet=is_quiet)
    for line in _LINES:
        assert line in terminal.getvalue()


def test_a_query_has_a_bar_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with query_bar() as bar:
        assert bar is None
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with query_bar() as bar:
        assert bar is not None
        bar(0.5)
    assert terminal.getvalue()
