from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from prefdata.schema import TableSchema

if TYPE_CHECKING:
    from collections.abc import Callable

    Votes = Callable[..., TableSchema]


def test_columns_know_their_names_and_keep_their_order(votes: Votes) -> None:
    schema = votes()
    assert schema.id == "votes.v1"
    assert schema.column_names == ("vote_id", "side", "share")
    assert [column.name for column in schema.columns.values()] == list(schema.column_names)


def test_a_contract_survives_being_written_and_read(votes: Votes) -> None:
    schema = votes()
    assert TableSchema.model_validate(schema.model_dump()) == schema


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"primary_key": ["nothing"]}, "primary_key names 'nothing', which is not a column"),
        ({"primary_key": ["side"]}, "primary_key holds 'side', which may be null"),
        ({"references": {"side": "sides"}}, "references.side is 'sides', not `table.column`"),
        ({"references": {"x": "a.b"}}, "references names 'x'"),
        (
            {"rules": [{"name": "r", "sql": "true", "why": "w"}] * 2},
            "two rules are named 'r'",
        ),
        ({"columns": {"x": {"type": "text", "description": "x"}}}, "unknown type 'text'"),
        (
            {"columns": {"x": {"type": "bool", "enum": ["a"], "description": "x"}}},
            "an enum needs the type string, not bool",
        ),
        (
            {"columns": {"x": {"type": "string", "enum": ["a", "a"], "description": "x"}}},
            "an enum needs values, each once",
        ),
        (
            {"columns": {"x": {"type": "string", "min": 1, "description": "x"}}},
            "min and max need a number type, not string",
        ),
        (
            {"columns": {"x": {"type": "int32", "min": 2, "max": 1, "description": "x"}}},
            "min 2 is above max 1",
        ),
        (
            {"columns": {"x": {"name": "y", "type": "bool", "description": "x"}}},
            "columns.x calls itself 'y'",
        ),
        ({"columns": {"x": {"type": "bool"}}}, "Field required"),
        ({"columns": {"X": {"type": "bool", "description": "x"}}}, "should match pattern"),
        ({"colums": {}}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_contract_is_refused(votes: Votes, parts: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        votes(**parts)
    assert problem in str(caught.value)


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(ValidationError):
        TableSchema.model_validate(["votes"])
    with pytest.raises(ValidationError):
        TableSchema.model_validate({"columns": ["vote_id"]})
