"""What a dead process left is taken up once; what a live one holds is left alone."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefdata.chat.journal import Account, Journal
from prefdata.chat.kept import AnswerRow
from prefdata.chat.ledger import Tally
from prefdata.core.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_ACCOUNT = Account("step", "purpose", "chat", "m", "server", "USD")


def _row(request: str) -> AnswerRow:
    return AnswerRow(request, None, "ok", "x", "stop", None, 1, 0, 1, 1, 1, None)


def _answer(journal: Journal, stretch: str, *requests: str, cost: float = 1.0) -> None:
    with journal.writing():
        numbers = journal.reserve(stretch, [2.0] * len(requests))
    counts = Tally(n_answers=len(numbers), n_attempts=len(numbers), cost=cost * len(numbers))
    with journal.writing():
        journal.settle(stretch, numbers, counts, map(_row, requests))


def _kill(journal: Journal) -> None:
    """Let go of a journal as a killed process does."""
    assert journal._lock is not None
    journal._lock._file.close()
    journal._db.close()


def test_what_was_answered_comes_back_in_its_order(tmp_path: Path) -> None:
    assert not Journal.exists(tmp_path)
    with Journal(tmp_path) as journal:
        stretch = journal.begin(_ACCOUNT)
        _answer(journal, stretch, "b", "a")
        assert journal.closed() == []
        assert journal.close(stretch) == Tally()
        (closed,) = journal.closed()
        assert (closed.name, closed.account) == (stretch, _ACCOUNT)
        assert closed.tally == Tally(n_answers=2, n_attempts=2, cost=2.0)
        assert 0 < closed.started_at <= closed.ended_at
        assert [row.request for row in journal.answers(stretch)] == ["b", "a"]
        assert journal.answers_of("chat") == journal.answers(stretch)
        assert journal.answers_of("other") == []
        journal.forget([stretch])
        assert (journal.closed(), journal.answers_of("chat"), journal.n_moves()) == ([], [], 1)
    assert Journal.exists(tmp_path)
    assert list(tmp_path.glob("*.lock")) == []


def test_what_is_on_its_way_when_a_stretch_ends_is_lost(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        stretch = journal.begin(_ACCOUNT)
        with journal.writing():
            journal.reserve(stretch, [0.5, 0.25])
        lost = journal.close(stretch)
        assert lost == Tally(n_attempts=2, n_lost=2, uncertain_cost=0.75)
        assert journal.closed()[0].tally == lost


def test_what_is_on_its_way_goes_over_to_the_next_stretch(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        first = journal.begin(_ACCOUNT)
        with journal.writing():
            (number,) = journal.reserve(first, [0.5])
        second = journal.roll(first, _ACCOUNT)
        assert [closed.name for closed in journal.closed()] == [first]
        with journal.writing():
            journal.settle(second, [number], Tally(n_attempts=1), [_row("a")])
        assert journal.close(second) == Tally()
        assert [closed.tally.n_attempts for closed in journal.closed()] == [0, 1]


def test_a_killed_process_is_taken_up_once(tmp_path: Path) -> None:
    dead = Journal(tmp_path)
    stretch = dead.begin(_ACCOUNT)
    _answer(dead, stretch, "a")
    with dead.writing():
        dead.reserve(stretch, [0.5])
    with Journal(tmp_path) as other:
        # It lives still.
        assert other.take_up() == 0
        assert other.closed() == []
        assert [row.request for row in other.answers_of("chat")] == ["a"]
    _kill(dead)
    with Journal(tmp_path) as first, Journal(tmp_path) as second:
        assert (first.take_up(), second.take_up()) == (1, 0)
        assert second.closed() == []
        (closed,) = first.closed()
        expected = Tally(n_answers=1, n_attempts=2, n_lost=1, cost=1.0, uncertain_cost=0.5)
        assert (closed.name, closed.tally) == (stretch, expected)
    # The first left it unmoved, so it is there for the next.
    with Journal(tmp_path) as third:
        assert third.take_up() == 0
        assert [closed.tally for closed in third.closed()] == [expected]
        third.forget([stretch])


def test_nothing_of_a_transaction_that_failed_is_written(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        stretch = journal.begin(_ACCOUNT)

        def fail() -> None:
            with journal.writing():
                journal.settle(stretch, [], Tally(n_attempts=1), [_row("a")])
                raise sqlite3.OperationalError("disk full")

        with pytest.raises(SetupError, match="disk full"):
            fail()
        assert journal.answers(stretch) == []
        journal.close(stretch)
        assert journal.closed()[0].tally == Tally()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_text("no database " * 100)
    with pytest.raises(SetupError, match="cannot be used"):
        Journal(tmp_path)


def test_spending_is_that_of_all_processes_on_one_account(tmp_path: Path) -> None:
    with Journal(tmp_path) as one, Journal(tmp_path) as two:
        first = one.begin(_ACCOUNT)
        _answer(one, first, "a")
        second = two.begin(replace(_ACCOUNT, purpose="another", chat="another"))
        with two.writing():
            two.reserve(second, [0.5])
        for other in ({"step": "t"}, {"model": "n"}, {"server": "t"}, {"currency": None}):
            _answer(one, one.begin(replace(_ACCOUNT, **other)), "a")
        with one.writing():
            assert one.spent(_ACCOUNT, ()) == 1.5
            assert one.spent(_ACCOUNT, {first}) == 0.5


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(lives=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=6))
def test_whoever_is_killed_nothing_is_lost_or_counted_twice(
    lives: list[tuple[int, int, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each life answers some requests, sends some more, and is killed or ends in order."""
    folder = tmp_path_factory.mktemp("journal")
    total, names, n_sent = Tally(), [], 0
    for i, (n_answered, n_on_way, is_killed) in enumerate([*lives, (0, 0, False)]):
        journal = Journal(folder)
        journal.take_up()
        for closed in journal.closed():
            total.add(closed.tally)
            names += [row.request for row in journal.answers(closed.name)]
            journal.forget([closed.name])
        stretch = journal.begin(_ACCOUNT)
        if n_answered:
            _answer(journal, stretch, *(f"{i}-{j}" for j in range(n_answered)))
        with journal.writing():
            journal.reserve(stretch, [0.5] * n_on_way)
        n_sent += n_answered + n_on_way
        if is_killed:
            _kill(journal)
            continue
        journal.close(stretch)
        journal.__exit__(None, None, None)
    n_last: Any = 0
    with Journal(folder) as journal:
        journal.take_up()
        for closed in journal.closed():
            total.add(closed.tally)
            names += [row.request for row in journal.answers(closed.name)]
            journal.forget([closed.name])
        n_last = len(journal.closed())
    n_answers = sum(n for n, _, _ in lives)
    assert (len(names), len(set(names)), total.n_answers) == (n_answers,) * 3
    assert (total.n_attempts, total.n_lost, n_last) == (n_sent, n_sent - n_answers, 0)
    assert total.uncertain_cost == 0.5 * total.n_lost
