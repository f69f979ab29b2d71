"""Results reach the screen or a file whole, typed, and atomically."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from prefdata.catalog import Catalog, Session
from prefdata.catalog.output import run_query, write_query
from prefdata.core.errors import QueryError

if TYPE_CHECKING:
    from pathlib import Path

_QUERY = """
SELECT i, 'a,"b"' || chr(10) || 'é' AS text, [i, NULL] AS numbers, {'k': i} AS pair,
       NULL::VARCHAR AS nothing, sum(i) OVER () AS total, TIMESTAMP '2024-01-02 03:04:05' AS at
FROM range(3) AS t(i) ORDER BY i
"""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Catalog.create(tmp_path / "w").session(is_locked=True)


def test_a_table_shows_the_first_rows_and_says_that_there_are_more(session: Session) -> None:
    result = run_query(session, "SELECT * FROM range(100)", limit=10)
    assert len(result.rows) == 10
    assert result.is_cut
    assert not run_query(session, "SELECT * FROM range(10)", limit=10).is_cut


def test_json_lines_hold_nested_values(session: Session) -> None:
    out = io.StringIO()
    assert write_query(session, _QUERY, kind="jsonl", to=out) == 3
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert rows[2]["numbers"] == [2, None]
    assert rows[2]["pair"] == {"k": 2}
    assert rows[0]["nothing"] is None


@pytest.mark.parametrize("n", [0, 1, 3])
def test_json_is_one_array(session: Session, n: int) -> None:
    out = io.StringIO()
    write_query(session, f"FROM range({n}) AS t(i)", kind="json", to=out)
    assert json.loads(out.getvalue()) == [{"i": i} for i in range(n)]


def test_csv_keeps_quotes_newlines_and_nested_values(session: Session) -> None:
    out = io.StringIO(newline="")
    write_query(session, _QUERY, kind="csv", to=out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))
    assert [row["text"] for row in rows] == ['a,"b"\né'] * 3
    assert json.loads(rows[1]["numbers"]) == [1, None]


def test_csv_without_rows_has_its_header(session: Session) -> None:
    out = io.StringIO(newline="")
    write_query(session, "SELECT 1 AS a, 2 AS b WHERE false", kind="csv", to=out)
    assert next(csv.reader(io.StringIO(out.getvalue()))) == ["a", "b"]


def test_parquet_goes_to_a_file(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    assert write_query(session, _QUERY, kind="parquet", to=path) == 3
    assert pq.read_table(path).column("numbers").to_pylist()[1] == [1, None]
    with pytest.raises(QueryError, match="terminal"):
        write_query(session, _QUERY, kind="parquet", to=io.StringIO())


def test_a_query_that_fails_half_way_leaves_no_file(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    query = "SELECT CASE WHEN i = 90000 THEN error('half way') ELSE i END FROM range(100000) t(i)"
    with pytest.raises(QueryError, match="half way"):
        write_query(session, query, kind="csv", to=path)
    assert list(tmp_path.glob("*out*")) == []


def test_long_queries_report_their_share(session: Session) -> None:
    seen: list[float] = []
    query = "SELECT count(*) FROM range(30000000) a, range(12) b WHERE a.range % 7 = b.range"
    assert run_query(session, query, limit=5, on_progress=seen.append).rows
    assert all(0 <= share <= 1 for share in seen)
