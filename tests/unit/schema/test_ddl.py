from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import jsonschema
import pytest

from prefdata.schema import (
    arrow_schema,
    duckdb_ddl,
    duckdb_type,
    json_schema,
    table_names,
    table_schema,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.schema import TableSchema


@pytest.mark.parametrize("name", table_names())
def test_duckdb_makes_the_table_with_types_nulls_and_comments(name: str) -> None:
    schema = table_schema(name)
    with duckdb.connect(":memory:") as session:
        session.execute(duckdb_ddl(schema, name="my table"))
        columns = session.execute(
            "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
            "WHERE table_name = 'my table' ORDER BY column_index"
        ).fetchall()
        table = session.execute(
            "SELECT comment FROM duckdb_tables() WHERE table_name = 'my table'"
        ).fetchall()
        arrow = session.sql('SELECT * FROM "my table"').to_arrow_table().schema
    assert [column[0] for column in columns] == list(schema.column_names)
    assert [column[2] for column in columns] == [c.nullable for c in schema.columns.values()]
    assert all(
        comment.startswith(column.description)
        for (*_, comment), column in zip(columns, schema.columns.values(), strict=True)
    )
    assert table == [(f"{schema.id}: {schema.grain}",)]
    assert [str(t) for t in arrow.types] == [
        str(t).replace("item:", f"{arrow.field(i).type.value_field.name}:")
        if str(t).startswith("list")
        else str(t)
        for i, t in enumerate(arrow_schema(schema).types)
    ]


def test_types_may_be_given_as_text() -> None:
    assert duckdb_type("list<list<int32>>") == "INTEGER[][]"


@pytest.mark.parametrize("name", table_names())
def test_json_schema_is_valid_json_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(table_schema(name)))


@pytest.mark.parametrize(
    ("row", "is_valid"),
    [
        ({"vote_id": "v"}, True),
        ({"vote_id": "v", "side": None, "share": 0.5}, True),
        ({"vote_id": "v", "side": "a"}, True),
        ({"vote_id": None}, False),
        ({"side": "a"}, False),
        ({"vote_id": "v", "side": "c"}, False),
        ({"vote_id": "v", "share": 1.5}, False),
        ({"vote_id": "v", "share": -0.5}, False),
        ({"vote_id": "v", "parts": [{"name": "n"}, None]}, True),
        ({"vote_id": "v", "parts": [{"nam": "n"}]}, False),
        ({"vote_id": "v", "x": 1}, False),
    ],
)
def test_json_schema_tells_valid_rows(
    votes: Callable[..., TableSchema], row: dict[str, object], is_valid: bool
) -> None:
    parts = {"type": "list<struct<name:string>>", "nullable": True, "description": "Parts."}
    form = json_schema(votes({"parts": parts}))
    assert jsonschema.Draft202012Validator(form).is_valid(row) == is_valid
