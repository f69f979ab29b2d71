"""Each row goes to the tables once, whatever is killed in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.chat.commits import move
from prefdata.chat.journal import Account, Journal
from prefdata.chat.kept import AnswerRow
from prefdata.chat.known import chat_folder
from prefdata.chat.ledger import Tally
from prefdata.schema import check, table_schema

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

__all__: list[str] = []

_PAID = Account("step", "purpose", "chat", "m", "server", "USD")
_FREE = Account("step", "other", "chat", "m", "server", None)


def _row(request: str) -> AnswerRow:
    return AnswerRow(request, None, "ok", "x", "stop", None, 1, 0, 1, 1, 1, None)


def _fill(journal: Journal, account: Account, *requests: str) -> str:
    stretch = journal.begin(account)
    with journal.writing():
        numbers = journal.reserve(stretch, [0.5] * len(requests))
    counts = Tally(n_answers=len(requests), n_attempts=len(requests), cost=1.5)
    with journal.writing():
        journal.settle(stretch, numbers, counts, map(_row, requests))
    journal.close(stretch)
    return stretch


def test_answers_and_ledger_become_true_together(catalog: Catalog) -> None:
    with Journal(chat_folder(catalog)) as journal:
        names = {_fill(journal, _PAID, "a", "b"), _fill(journal, _FREE, "c")}
        journal.close(journal.begin(_FREE))  # of a stretch without an attempt nothing is told
        before = catalog.head().number
        assert move(catalog, journal) == 3
        assert catalog.head().number == before + 1
        assert move(catalog, journal) == 0
        assert journal.closed() == []
    answers = catalog.scan("answers", ("chat",)).collect()
    assert answers.select("request", "purpose").rows() == [
        *[("a", "purpose"), ("b", "purpose"), ("c", "other")],
    ]
    spending = catalog.scan("spending").collect()
    assert set(spending["spending_id"]) == names
    assert spending.select("currency", "cost").rows() == [("USD", 1.5), (None, None)]
    for table, rows in (("answers", answers), ("spending", spending)):
        assert check(rows, table_schema(table)).rejects.is_empty()


def test_a_kill_between_the_commit_and_its_note_commits_nothing_twice(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with Journal(chat_folder(catalog)) as journal:
        _fill(journal, _PAID, "a", "b")
        with monkeypatch.context() as at_that_moment:
            at_that_moment.setattr(Journal, "forget", killed)
            with pytest.raises(KeyboardInterrupt):
                move(catalog, journal)
        assert catalog.scan("answers").collect().height == 2
    with Journal(chat_folder(catalog)) as later:
        later.take_up()
        assert len(later.closed()) == 1
        assert move(catalog, later) == 0
        assert later.closed() == []
    assert catalog.scan("answers").collect().height == 2
    assert catalog.scan("spending").collect().height == 1
