from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from prefdata.core.errors import UserError
from prefdata.schema import conform, table_schema
from prefdata.texts.views import KEYS, VIEWS, keep_of, texts_of, view_of

__all__: list[str] = []


def _prompts(*messages: list[tuple[str, str]]) -> pl.LazyFrame:
    frame = pl.DataFrame(
        {
            "prompt_id": [f"p{number}" for number in range(len(messages))],
            "source": "toy",
            "turn": 0,
            "content_hash": [f"h{number}" for number in range(len(messages))],
            "messages": [
                [{"role": role, "content": content} for role, content in turns]
                for turns in messages
            ],
        },
        schema_overrides={
            "messages": pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
        },
    )
    return conform(frame, table_schema("prompts")).lazy()


def _texts(rows: pl.LazyFrame, view: str | None = None) -> list[Any]:
    return texts_of(rows, "prompts", view).collect()["text"].to_list()


_TALK = [("system", "Be brief."), ("user", "Hi."), ("assistant", "Hello."), ("user", "Why?")]


def test_a_prompt_has_three_views() -> None:
    rows = _prompts(_TALK)
    assert _texts(rows) == _texts(rows, "user") == ["Hi.\n\nWhy?"]
    assert _texts(rows, "last") == ["Why?"]
    assert _texts(rows, "conversation") == ["Be brief.\n\nHi.\n\nHello.\n\nWhy?"]


def test_where_no_user_speaks_everything_counts() -> None:
    assert _texts(_prompts([("system", "Once upon"), ("assistant", "a time")])) == [
        "Once upon\n\na time"
    ]


def test_a_prompt_without_messages_has_an_empty_text() -> None:
    for view in VIEWS["prompts"]:
        assert _texts(_prompts([]), view) == [""]


def test_texts_come_with_id_source_and_digest_in_the_order_of_the_rows() -> None:
    found = texts_of(_prompts(_TALK, [("user", "Bye.")]), "prompts").collect()
    assert found.columns == ["id", "source", "content_hash", "text"]
    assert found["id"].to_list() == ["p0", "p1"]


def test_an_unknown_view_is_named() -> None:
    with pytest.raises(UserError, match="no view 'first'"):
        view_of("prompts", "first")


def test_every_table_with_texts_has_a_key_and_an_end_that_says_most() -> None:
    assert set(KEYS) == set(VIEWS)
    assert keep_of("prompts") == "end"
    assert keep_of("responses") == "start"
    assert view_of("responses", None) == "text"
