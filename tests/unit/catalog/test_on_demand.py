"""A table gets its files when a statement names it, and is never read without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from prefdata.catalog.on_demand import absent_sql, on_demand
from prefdata.schema import table_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_VIEWS = {
    "talks": "-- not of judgments\nSELECT * FROM prompts",
    "few_talks": "SELECT * FROM Talks LIMIT 1",
}


@pytest.fixture
def brought() -> list[str]:
    return []


@pytest.fixture
def connection(brought: list[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    def bring(name: str) -> Callable[[], str]:
        def work() -> str:
            brought.append(name)
            return absent_sql(name).partition(" WHERE ")[0]

        return work

    bare = duckdb.connect()
    for name in ("prompts", "pairs", "judgments"):
        bare.execute(f"CREATE VIEW {name} AS {absent_sql(name)}")
    for name, text in _VIEWS.items():
        bare.execute(f"CREATE VIEW {name} AS {text}")
    tables = {name: bring(name) for name in ("prompts", "pairs", "judgments")}
    with on_demand(bare, tables, _VIEWS) as connection:
        yield connection


@pytest.mark.parametrize("name", table_names())
def test_an_absent_table_has_its_columns_and_fails_when_it_is_read(name: str) -> None:
    with duckdb.connect() as bare:
        relation = bare.sql(absent_sql(name))
        assert relation.columns
        with pytest.raises(duckdb.Error, match="not fetched yet"):
            relation.fetchall()


@pytest.mark.parametrize(
    ("query", "tables"),
    [
        ("SELECT 1", []),
        ("SELECT count(*) FROM PAIRS", ["pairs"]),
        ('SELECT count(*) FROM "pairs"', ["pairs"]),
        ("SELECT count(*) FROM query('SELECT * FROM pairs')", ["pairs"]),
        ("SELECT count(*) FROM few_talks", ["prompts"]),
        ("WITH x AS (FROM pairs) SELECT count(*) FROM x, talks", ["pairs", "prompts"]),
    ],
)
def test_what_a_statement_names_is_brought_once(
    query: str, tables: list[str], connection: duckdb.DuckDBPyConnection, brought: list[str]
) -> None:
    assert connection.execute(query).fetchall() == [(1,)]
    assert connection.sql(query).fetchall() == [(1,)]
    assert connection.query(query).fetchall() == [(1,)]
    assert brought == tables


def test_a_name_that_is_not_seen_fails_and_gives_no_wrong_answer(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(duckdb.Error, match="not fetched yet"):
        connection.execute("SELECT count(*) FROM query_table('pai' || 'rs')").fetchall()


def test_tables_and_cursors_bring_too(
    connection: duckdb.DuckDBPyConnection, brought: list[str]
) -> None:
    assert connection.table("pairs").count("*").fetchall() == [(1,)]
    assert connection.view("few_talks").count("*").fetchall() == [(1,)]
    with connection.cursor() as other:
        assert other.execute("SELECT count(*) FROM judgments").fetchall() == [(1,)]
    (statement,) = duckdb.extract_statements("SELECT count(*) FROM judgments")
    assert connection.execute(statement).fetchall() == [(1,)]
    assert connection.query_progress() is not None
    assert brought == ["pairs", "prompts", "judgments"]
