from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest

from prefdata.core.errors import SchemaMismatchError
from prefdata.schema import (
    arrow_schema,
    conform,
    empty_frame,
    polars_schema,
    table_names,
    table_schema,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.schema import TableSchema

    Votes = Callable[..., TableSchema]

_PROMPT: dict[str, list[Any]] = {
    "prompt_id": ["p"],
    "source": ["s"],
    "turn": [0],
    "messages": [[{"role": "user", "content": "hi"}]],
    "content_hash": ["h"],
}


@pytest.mark.parametrize("name", table_names())
def test_arrow_and_polars_agree(name: str) -> None:
    schema = table_schema(name)
    arrow = arrow_schema(schema)
    assert dict(pl.DataFrame(arrow.empty_table()).schema) == polars_schema(schema)
    assert arrow.names == list(schema.column_names) == empty_frame(schema).columns


def test_arrow_fields_carry_nulls_meaning_and_unit() -> None:
    field = arrow_schema(table_schema("prompts")).field("turn")
    assert not field.nullable
    assert field.metadata[b"unit"] == b"turns"
    assert b"0-based" in field.metadata[b"description"]


def test_strings_and_lists_are_not_large() -> None:
    field = arrow_schema(table_schema("prompts")).field("messages")
    assert field.type == pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


@pytest.mark.parametrize("is_lazy", [True, False])
def test_absent_nullable_columns_become_nulls(is_lazy: bool) -> None:
    schema = table_schema("prompts")
    frame = pl.DataFrame(_PROMPT).select(reversed(_PROMPT))
    result = conform(frame.lazy() if is_lazy else frame, schema)
    assert dict(result.schema) == polars_schema(schema)
    assert result.columns == list(schema.column_names)
    assert result["language"].null_count() == 1
    assert result["turn"].to_list() == [0]


def test_a_frame_in_form_is_not_touched() -> None:
    schema = table_schema("prompts")
    frame = conform(pl.DataFrame(_PROMPT), schema)
    assert conform(frame, schema) is frame
    assert conform(frame.lazy(), schema).equals(frame)


def test_missing_and_unknown_columns_are_named() -> None:
    frame = pl.DataFrame(_PROMPT).rename({"turn": "trun"}).drop("source")
    with pytest.raises(SchemaMismatchError, match=r"missing source, turn; unknown trun"):
        conform(frame, table_schema("prompts"))


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("turn", 0.5, "turn holds fractions"),
        ("turn", 1 << 40, "column 'turn'"),
        ("turn", "1", "turn is String, not Int32"),
        ("source", 0.5, "source is Float64, not String"),
        ("messages", "hi", "messages is String, not List"),
        ("messages", ["hi"], r"messages\[\] is String, not Struct"),
        ("messages", [{"role": "user", "content": 1.5}], r"messages\[\].content is Float64"),
        (
            "messages",
            [{"role": "user", "content": "hi", "name": "x"}],
            r"messages\[\] has the fields role, content, name, not role, content",
        ),
    ],
)
def test_a_cast_that_would_lose_something_is_refused(
    field: str, value: object, problem: str
) -> None:
    frame = pl.DataFrame({**_PROMPT, field: [value]})
    with pytest.raises(SchemaMismatchError, match=problem):
        conform(frame, table_schema("prompts"))


def test_casts_that_lose_nothing_are_made(votes: Votes) -> None:
    schema = votes(
        {
            "at": {"type": "timestamp[us]", "nullable": True, "description": "When."},
            "n": {"type": "int32", "nullable": True, "description": "How many."},
        }
    )
    frame = pl.DataFrame(
        {
            "vote_id": [1, 2],
            "share": pl.Series([0, 1], dtype=pl.Int8),
            "side": pl.Series(["a", "b"], dtype=pl.Categorical),
            "at": [dt.date(2024, 5, 21), None],
            "n": [3.0, None],
        }
    )
    result = conform(frame, schema)
    assert dict(result.schema) == polars_schema(schema)
    assert result.row(0) == ("1", "a", 0.0, dt.datetime(2024, 5, 21), 3)  # noqa: DTZ001


def test_timestamps_with_a_zone_become_utc(votes: Votes) -> None:
    schema = votes({"at": {"type": "timestamp[us]", "nullable": True, "description": "When."}})
    at = dt.datetime(2024, 5, 21, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    result = conform(pl.DataFrame({"vote_id": ["v"], "at": [at]}), schema)
    assert result["at"].to_list() == [dt.datetime(2024, 5, 21, 10)]  # noqa: DTZ001
