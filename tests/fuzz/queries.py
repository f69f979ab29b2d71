"""The gate of `prefdata sql`: what a locked session accepts changes nothing and reads nothing else.

Beside the workspace lie files with a mark that no result may hold: a CSV, a JSON, a text, a Parquet
file and a database. After every statement the settings, the relations and the files are as before.
"""

from __future__ import annotations

import contextlib
import io
import threading
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from prefdata.catalog import Catalog, Session
from prefdata.catalog.output import run_query, write_query
from prefdata.core.errors import QueryError
from prefdata.testing.rows import prompt_rows
from tests.fuzz.damage import damage_text
from tests.fuzz.targets import Broken, Target

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["family"]

CANARY = "canary-9f2c61"
"""What stands in the files that may not be read, and in no query."""

_FOLDER = "@there"
_DATA = "@data"
"""A file of the snapshot, which the session must be able to read, and nobody may write."""
_SECONDS = 0.5
_ROWS = 50
_KINDS: tuple[Literal["csv", "json", "jsonl"], ...] = ("csv", "json", "jsonl")
_LIMITS = ("SET memory_limit = '200MB'", "SET threads = 1", "SET max_temp_directory_size = '50MB'")
_STATE = " UNION ALL ".join(
    f"SELECT list_sort(list(concat_ws('|', {columns})))::VARCHAR FROM {function}() WHERE {where}"  # noqa: S608 - of our own
    for function, columns, where in (
        ("duckdb_settings", "name, value", "true"),
        ("duckdb_views", "database_name, schema_name, view_name, sql", "NOT internal"),
        ("duckdb_tables", "database_name, schema_name, table_name, sql", "true"),
        # PIVOT leaves the values it found behind, in the session alone.
        (
            "duckdb_types",
            "database_name, schema_name, type_name",
            "NOT internal AND type_name NOT LIKE '\\_\\_pivot\\_enum\\_%' ESCAPE '\\'",
        ),
        ("duckdb_functions", "database_name, schema_name, function_name", "NOT internal"),
        ("duckdb_sequences", "database_name, schema_name, sequence_name", "true"),
        ("duckdb_databases", "database_name, path", "true"),
        ("duckdb_variables", "name, value::VARCHAR", "true"),
        ("duckdb_external_resources", "name, type", "true"),
        ("duckdb_prepared_statements", "name", "true"),
    )
)
_SEEDS = (
    "SELECT count(*) FROM prompts",
    "WITH p AS (SELECT * FROM prompts) SELECT source, count(*) FROM p GROUP BY ALL",
    "FROM prompts SELECT prompt_id LIMIT 3",
    "PIVOT prompts ON source USING count(*)",
    "EXPLAIN ANALYZE SELECT 1",
    "SUMMARIZE prompts",
    "SELECT max(3) AS \"copy\" /* DELETE */, 'SET' -- DROP\n",
    "SELECT unnest(messages).content FROM prompts UNION SELECT $$x$$",
    f"SELECT * FROM read_csv('{_FOLDER}/secret.csv')",  # noqa: S608 - refused
    f"SELECT * FROM '{_FOLDER}/secret.parquet'",  # noqa: S608 - refused
    f"COPY (SELECT 1) TO '{_FOLDER}/out.csv'",
    f"WITH x AS (COPY (SELECT 1) TO '{_FOLDER}/out.csv') SELECT 1",
    f"ATTACH '{_FOLDER}/secret.db' AS s",
    f"FROM query('SELECT * FROM read_text(''{_FOLDER}/secret.txt'')')",  # noqa: S608 - refused
    "CREATE TABLE t AS SELECT 1",
    "SET threads = 1",
    "INSERT INTO prompts SELECT * FROM prompts",
    "BEGIN",
    "FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    f"EXPLAIN\u00a0ANALYZE\u00a0COPY\u00a0(SELECT 1)\u00a0TO '{_DATA}' (USE_TMP_FILE false)",
    "SELECT [1], {'a': 1}, MAP {'a': [1]}, INTERVAL 1 DAY, 1::DECIMAL(9, 2), 'x'::BLOB, NULL",
    "SELECT TIMESTAMPTZ '2024-01-01', TIME '01:02:03', uuid(), 'NaN'::FLOAT, 2::HUGEINT",
)
_WORDS = tuple(
    word.encode()
    for word in (
        *("SELECT", "FROM", "WITH", "AS", "(", ")", ";", "--", "/*", "*/", "'", '"', "$$", "$a$"),
        *("E'", "X'", "U&'", "::", ",", "*", "x", "1", ".", ":=", "=>", "?", "$1", "\\", "@"),
        *("COPY", "TO", "ATTACH", "DETACH", "INSTALL", "LOAD", "SET", "RESET", "PRAGMA", "CALL"),
        *("CREATE", "TEMP", "TABLE", "VIEW", "MACRO", "SEQUENCE", "TYPE", "SECRET", "INDEX"),
        *("INSERT INTO", "UPDATE", "DELETE FROM", "MERGE INTO", "TRUNCATE", "DROP", "ALTER"),
        *("COMMENT ON", "VACUUM", "ANALYZE", "CHECKPOINT", "EXPORT DATABASE", "IMPORT DATABASE"),
        *("PREPARE", "EXECUTE", "DEALLOCATE", "USE", "BEGIN", "COMMIT", "ROLLBACK", "EXPLAIN"),
        *("RETURNING *", "RECURSIVE", "MATERIALIZED", "UNION ALL", "LATERAL", "PIVOT", "SHOW"),
        *("DESCRIBE", "SUMMARIZE", "VALUES", "LIMIT 3", "OR REPLACE", "IF NOT EXISTS", "AT"),
        *("prompts", "pairs", "pair_texts", "system", "main", "duckdb_settings()"),
        *("read_csv(", "read_json(", "read_text(", "read_blob(", "read_parquet(", "glob("),
        *("sniff_csv(", "parquet_metadata(", "read_duckdb(", "query(", "query_table(", '"query"('),
        *("json_execute_serialized_sql(", "json_serialize_sql(", "truncate_duckdb_logs()"),
        *("destroy_external_resource(", "register_external_resource_type(", "checkpoint()"),
        *("register_external_resource(", "create_external_resource(", "getenv('HOME')"),
        *("enable_logging()", "enable_profiling()", "disable_profiling()", "setseed(0.5)"),
        *("current_setting(", "set_config(", "nextval('s')", "getvariable('x')", "write_log('x')"),
        *("pandas_scan()", "python_map_function(", "arrow_scan()", "which_secret('a', 's3')"),
        *(f"'{_FOLDER}/secret.csv'", f"'{_FOLDER}/secret.parquet'", f"'{_FOLDER}/*'"),
        *(f"'{_FOLDER}/secret.json'", f"'{_FOLDER}/secret.db'", f"'{_FOLDER}/out.parquet'"),
        *(f"'file://{_FOLDER}/secret.txt'", "'s3://bucket/x.parquet'", "'/etc/hostname'"),
        *("\u00a0", "\u2003", "\ufeff", "\x00", "é", "\u017felect", "\r", "\t", " "),
    )
)


def family() -> Iterator[Target]:
    """Yield the one target."""
    seeds = tuple(seed.encode() for seed in _SEEDS)

    def damage(data: bytes, chance: random.Random) -> bytes:
        return damage_text(data, chance, words=_WORDS, seeds=seeds)

    yield Target(
        name="sql-gate",
        open=_Gate,
        seeds=seeds,
        damage=damage,
        guided=("prefdata.catalog.session", "prefdata.catalog.output"),
        promise="a QueryError, or a result that holds nothing of other files; settings, relations "
        "and files are as before",
    )


class _Gate:
    """A locked session, with files beside it that it may not reach."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._catalog = Catalog.create(folder / "workspace")
        with self._catalog.write() as write:
            write.put("prompts", ("a",), prompt_rows("a", 3))
            write.commit("three")
        there = folder / "there"
        there.mkdir()
        for ending, text in {
            "csv": f"a,b\n{CANARY},1\n",
            "json": f'{{"a": "{CANARY}"}}\n',
            "txt": CANARY,
        }.items():
            (there / f"secret.{ending}").write_text(text)
        with duckdb.connect(str(there / "secret.db")) as connection:
            connection.execute(f"CREATE TABLE t AS SELECT '{CANARY}' AS a")
            connection.execute(f"COPY t TO '{there / 'secret.parquet'}'")
        self._there = str(there)
        self._data = str(self._catalog.files("prompts")[0])
        self._session: Session | None = None
        self._state: list[Any] = []
        self._files = self._listed()

    def __call__(self, data: bytes) -> None:
        query = data.decode("utf-8", "surrogateescape").replace(_FOLDER, self._there)
        query = query.replace(_DATA, self._data)
        session = self._open()
        try:
            self._run(session, query)
        except BaseException:
            self._close()
            raise
        # What went wrong may have ended the connection; the next statement gets another one.
        try:
            state = _state(session)
        except duckdb.Error:
            self._close()
            state = self._state
        if state != self._state:
            changed = [new for new, old in zip(state, self._state, strict=False) if new != old]
            self._close()
            message = f"settings or relations changed: {str(changed)[:300]}"
            raise Broken(message)
        if (files := self._listed()) != self._files:
            changes = sorted(set(files) ^ set(self._files))
            self._files = files
            message = f"files changed: {changes}"
            raise Broken(message)

    def _open(self) -> Session:
        if self._session is None:
            state = self._catalog.snapshot(None).state
            session = Session(self._catalog.workspace, state, has_views=False)
            # A statement may explode; the machine must not.
            for setting in _LIMITS:
                session.connection.execute(setting)
            session._lock(str(path) for path in self._catalog.files("prompts"))
            session._is_locked = True
            self._state = _state(session)
            self._session = session
        return self._session

    def _close(self) -> None:
        if self._session is not None:
            self._session.connection.close()
        self._session = None

    def _run(self, session: Session, query: str) -> None:
        said = ""
        try:
            with _stopped_in_time(session):
                found = run_query(session, query, limit=_ROWS)
                said = str(found.rows)
                out = io.StringIO()
                write_query(session, query, kind=_KINDS[len(query) % len(_KINDS)], to=out)
                said += out.getvalue()
        except QueryError as error:
            said += str(error).replace(query, "")
        if CANARY in said:
            message = f"a file was read: {said[:300]}"
            raise Broken(message)

    def _listed(self) -> dict[tuple[str, int, int], None]:
        # Not where queries may spill.
        paths = (
            path
            for path in sorted(self._folder.rglob("*"))
            if path.is_file() and ".scratch" not in path.parts
        )
        stats = ((str(path.relative_to(self._folder)), path.stat()) for path in paths)
        return {(name, stat.st_size, stat.st_mtime_ns): None for name, stat in stats}


@contextlib.contextmanager
def _stopped_in_time(session: Session) -> Iterator[None]:
    """Stop what takes long; again and again, as what has not begun cannot be stopped."""
    is_done = threading.Event()

    def watch() -> None:
        while not is_done.wait(_SECONDS):
            session.connection.interrupt()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def _state(session: Session) -> list[Any]:
    return session.connection.execute(_STATE).fetchall()
