"""Messages are built as exactly the type that the contracts name."""

from __future__ import annotations

import polars as pl

from prefdata.schema import polars_schema, table_schema
from prefdata.tables.messages import (
    MESSAGES,
    message,
    messages_of,
    response_text,
    transcript,
    with_system,
)

__all__: list[str] = []


def test_the_type_is_that_of_the_contract() -> None:
    assert polars_schema(table_schema("prompts"))["messages"] == MESSAGES


def test_messages_come_in_order_with_literal_and_computed_parts() -> None:
    frame = pl.DataFrame({"q": ["a", None], "who": ["user", "system"], "r": ["b", ""]})
    made = frame.select(
        messages_of(
            message(pl.col("who"), "q"), message("assistant", pl.col("r").str.to_uppercase())
        ).alias("m")
    )
    assert made.schema["m"] == MESSAGES
    assert made["m"].to_list() == [
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": "B"}],
        [{"role": "system", "content": None}, {"role": "assistant", "content": ""}],
    ]


def test_one_message_is_a_list_of_one() -> None:
    made = pl.DataFrame({"q": ["a"]}).select(m=messages_of(message("user", "q")))
    assert made["m"].to_list() == [[{"role": "user", "content": "a"}]]


def test_no_rows_make_no_messages() -> None:
    frame = pl.DataFrame(schema={"q": pl.String()})
    made = frame.select(m=messages_of(message("user", "q")))
    assert made.height == 0
    assert made.schema["m"] == MESSAGES


def test_a_system_prompt_comes_first_where_there_is_one() -> None:
    asked = [{"role": "user", "content": "q"}]
    frame = pl.DataFrame({"messages": [asked, asked], "system": ["s", None]})
    made = frame.with_columns(messages=pl.col("messages").cast(MESSAGES)).select(m=with_system())
    assert made.schema["m"] == MESSAGES
    assert made["m"].to_list() == [[{"role": "system", "content": "s"}, *asked], asked]


def test_a_response_of_several_messages_is_a_transcript() -> None:
    call = [{"role": "tool", "content": "4"}, {"role": "assistant", "content": "Four."}]
    frame = pl.DataFrame(
        {"messages": [call[1:], call], "text": ["Four.", "Four."]},
        schema={"messages": MESSAGES, "text": pl.String},
    )
    assert frame.select(response_text()).to_series().to_list() == [
        "Four.",
        "[tool]\n4\n\n[assistant]\nFour.",
    ]
    assert frame.select(transcript("messages")).to_series()[0] == "[assistant]\nFour."
