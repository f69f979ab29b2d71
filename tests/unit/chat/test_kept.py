"""An answer is the same after it was kept, and can always be written."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from prefdata.chat.kept import AnswerRow, alternatives_json, answers_frame, clean
from prefdata.protocols import ChatAnswer
from prefdata.schema import check, table_schema

__all__: list[str] = []

_LOG = st.floats(max_value=0, allow_nan=False)
_LIKELIEST = st.lists(st.lists(st.tuples(st.text(), _LOG), max_size=3).map(tuple), max_size=4)


def _row(text: str | None = "x", **more: Any) -> AnswerRow:
    given: dict[str, Any] = {
        **dict.fromkeys(AnswerRow._fields),
        "request": "r",
        "status": "ok",
        "text": text,
        "prompt_chars": 3,
        "n_attempts": 1,
    }
    return AnswerRow(**(given | more))


@given(_LIKELIEST.map(tuple))
def test_log_probabilities_come_back(likeliest: Any) -> None:
    found = _row(logprobs=alternatives_json(likeliest)).answer().alternatives
    assert found == tuple(
        tuple(
            (token, max(value, -9999.0) if value == float("-inf") else value)
            for token, value in one
        )
        for one in likeliest
    )


@given(st.text(st.characters()))
def test_any_text_can_be_written(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert clean(cleaned) == cleaned
    assert len(cleaned) == len(text)


def test_rows_are_rows_of_the_table() -> None:
    rows = [_row(), _row(None, request="s", status="filtered", prompt_tokens=4)]
    told = {"chat": "c", "purpose": "p", "model": "m", "server": "s"}
    frame = answers_frame(rows, **told)
    assert check(frame, table_schema("answers")).rejects.is_empty()
    assert [AnswerRow(*row) for row in frame.select(AnswerRow._fields).iter_rows()] == rows
    assert answers_frame([], **told).height == 0


def test_stages_see_what_matters_of_an_answer() -> None:
    assert _row(finish_reason="stop", prompt_tokens=1, completion_tokens=2).answer() == ChatAnswer(
        "r", "ok", "x", "stop", None, 1, 2, None
    )
