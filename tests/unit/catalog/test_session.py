"""A session sees one snapshot; a locked one reads nothing else and writes nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from prefdata.catalog import Catalog, Session
from prefdata.core.errors import DataError, QueryError
from prefdata.testing.rows import prompt_rows as prompts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog.create(tmp_path / "w")
    with catalog.write() as write:
        write.put("prompts", ("a",), prompts("a", 3))
        write.commit("three")
    return catalog


@pytest.fixture
def locked(catalog: Catalog) -> Iterator[Session]:
    with catalog.session(is_locked=True) as session:
        yield session


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM prompts",
        "FROM prompts SELECT count(*)",
        "WITH p AS (SELECT * FROM prompts) SELECT count(*) FROM p",
        "SELECT 3 -- COPY is only a word here",
        'SELECT max(3) AS "copy" /* DELETE */',
    ],
)
def test_a_locked_session_answers_questions(locked: Session, query: str) -> None:
    assert locked.sql(query).fetchall() == [(3,)]


@pytest.mark.parametrize("query", ["DESCRIBE prompts", "SUMMARIZE prompts", "EXPLAIN SELECT 1"])
def test_a_locked_session_describes(locked: Session, query: str) -> None:
    assert locked.sql(query).fetchall()


def _attacks(target: Path, data: Path) -> list[str]:
    return [
        f"COPY (SELECT 1) TO '{target}'",
        f"WITH x AS (COPY (SELECT 1) TO '{target}') SELECT 1",
        f"EXPLAIN ANALYZE COPY (SELECT 1) TO '{target}'",
        f"COPY (SELECT 1) TO '{data}' (FORMAT parquet, USE_TMP_FILE false)",
        f"copy/**/(SELECT 1) to '{data}'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_text('/etc/hostname')",
        "ATTACH '/tmp/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 1",
        "SET lock_configuration = false",
        "RESET enable_external_access",
        "PRAGMA database_list",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW prompts",
        "SELECT 1; SELECT 2",
        f"EXPORT DATABASE '{target}'",
        "CALL pragma_version()",
    ]


@pytest.mark.parametrize("number", range(21))
def test_a_locked_session_refuses(
    catalog: Catalog, locked: Session, tmp_path: Path, number: int
) -> None:
    target = tmp_path / "out"
    data = catalog.files("prompts")[0]
    before = data.read_bytes()
    with pytest.raises(QueryError):
        locked.sql(_attacks(target, data)[number]).fetchall()
    assert not target.exists()
    assert data.read_bytes() == before


def test_python_frames_cannot_be_reached(locked: Session) -> None:
    secret = prompts("secret", 1)
    assert secret.height
    with pytest.raises(QueryError):
        locked.sql("SELECT * FROM secret")


def test_an_error_names_the_fault_and_what_to_do(locked: Session) -> None:
    with pytest.raises(QueryError, match="nothing_here") as caught:
        locked.sql("SELECT * FROM nothing_here")
    assert "prefdata tables" in str(caught.value)


@pytest.mark.parametrize("query", ["SELECT KEPT_BY FROM pairs", "SELECT p.kept_by FROM pairs AS p"])
def test_a_column_of_another_table_is_found_there(locked: Session, query: str) -> None:
    with pytest.raises(QueryError) as caught:
        locked.sql(query)
    assert caught.value.fix is not None
    assert caught.value.fix.lower().startswith("kept_by is in pair_texts. ")


def test_an_open_session_may_do_what_its_user_may(catalog: Catalog) -> None:
    with catalog.session() as session:
        session.connection.execute("CREATE TABLE t AS SELECT 1 AS x")
        assert session.sql("FROM t").fetchall() == [(1,)]


def test_every_table_can_be_asked_when_it_is_empty(tmp_path: Path) -> None:
    from prefdata.schema import table_names, table_schema

    with Catalog.create(tmp_path / "empty").session(is_locked=True) as session:
        for name in table_names():
            relation = session.sql(f"FROM {name}")
            assert list(relation.columns) == list(table_schema(name).column_names)
            assert relation.fetchall() == []


def test_what_a_killed_query_spilled_is_removed(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "w")
    scratch = catalog.workspace.scratch / "duckdb"
    scratch.mkdir(parents=True)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    names = {"dead": dead.pid, "alive": os.getpid()}
    paths = {key: scratch / f"duckdb_temp_{pid}_0.tmp" for key, pid in names.items()}
    paths["young"] = scratch / f"duckdb_temp_{dead.pid}_1.tmp"
    for key, path in paths.items():
        path.write_bytes(b"x")
        if key != "young":
            os.utime(path, (0, 0))
    with catalog.session():
        left = {key for key, path in paths.items() if path.exists()}
    assert left == {"alive", "young"}


def test_a_data_file_without_its_footer_is_named(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "w")
    with catalog.write() as write:
        write.put("prompts", ("a",), prompts("a", 2))
        write.commit("one")
    (path,) = catalog.files("prompts")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match="data file") as told:
        Session(catalog.workspace, catalog.head().state)
    assert path.name in str(told.value)
