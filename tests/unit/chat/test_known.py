"""Answers are known from the table and from the journal, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.chat.journal import Account, Journal
from prefdata.chat.kept import AnswerRow, answers_frame
from prefdata.chat.known import chat_folder, has_answered, known_answers, tokens_beyond
from prefdata.chat.ledger import Tally

if TYPE_CHECKING:
    from prefdata.catalog import Catalog
    from prefdata.protocols import AnswerStatus

__all__: list[str] = []


def _row(request: str, text: str, status: AnswerStatus = "ok") -> AnswerRow:
    return AnswerRow(request, None, status, text, None, None, 90, 0, 1, 10, 1, "so")


def _commit(catalog: Catalog, *rows: AnswerRow) -> None:
    frame = answers_frame(rows, chat="chat", purpose="p", model="m", server="s")
    with catalog.write() as write:
        write.put("answers", ("chat",), frame)
        write.commit("answers")


def test_the_first_commit_counts_and_the_journal_fills_in(catalog: Catalog) -> None:
    _commit(catalog, _row("a", "first"), _row("b", "b"))
    _commit(catalog, _row("a", "second"))
    with Journal(chat_folder(catalog)) as journal:
        stretch = journal.begin(Account("step", "p", "chat", "m", "s", None))
        with journal.writing():
            journal.settle(stretch, [], Tally(), [_row("a", "third"), _row("c", "c")])
        asked = ("a", "c", "d")
        known = known_answers(catalog, journal, "chat", asked)
        assert {name: answer.text for name, answer in known.items()} == {"a": "first", "c": "c"}
        assert known_answers(catalog, journal, "other", asked) == {}
    assert set(known_answers(catalog, None, "chat", asked)) == {"a"}


def test_a_model_has_answered_once_it_did_not_refuse(catalog: Catalog) -> None:
    assert (has_answered(catalog, "chat"), tokens_beyond(catalog, "chat")) == (False, 0)
    _commit(catalog, _row("a", "", "failed"))
    assert not has_answered(catalog, "chat")
    _commit(catalog, _row("b", "b"))
    assert has_answered(catalog, "chat")
    # Ten characters are forty bytes at most.
    assert tokens_beyond(catalog, "chat") == 90 - 40
