"""Take a query's result to a screen or a file, streamed, with progress on long queries."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO, TypeVar

import duckdb

from prefdata.core.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from prefdata.catalog.session import Session

__all__ = ["FORMATS", "QueryResult", "run_query", "write_query"]

FORMATS = ("csv", "json", "jsonl", "parquet")
Format = Literal["csv", "json", "jsonl", "parquet"]
_T = TypeVar("_T")
_BATCH_ROWS = 10_000
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The first rows of a result, as Python values."""

    columns: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]
    is_cut: bool
    """True when the result has more rows than were asked for."""


def run_query(
    session: Session,
    query: str,
    *,
    limit: int,
    on_progress: Callable[[float], None] | None = None,
) -> QueryResult:
    """Run one query and return at most ``limit`` rows.

    Args:
        session: Where to run it.
        query: One statement that returns rows.
        limit: Greatest number of rows.
        on_progress: Called about five times a second with the share done, 0 to 1.

    Raises:
        QueryError: If it cannot run.
    """
    relation = session.sql(query)

    shown = relation.limit(limit + 1)
    rows = _watched(session, lambda: _python_rows(shown), on_progress)
    return QueryResult(
        columns=list(relation.columns),
        types=[str(kind) for kind in relation.types],
        rows=rows[:limit],
        is_cut=len(rows) > limit,
    )


def _python_rows(relation: duckdb.DuckDBPyRelation) -> list[tuple[Any, ...]]:
    """Fetch rows; times with a zone go through Arrow, because DuckDB wants pytz for them."""
    if any("TIME ZONE" in str(kind) for kind in relation.types):
        table = relation.to_arrow_table()
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return relation.fetchall()


def write_query(
    session: Session,
    query: str,
    *,
    kind: Format,
    to: Path | TextIO,
    on_progress: Callable[[float], None] | None = None,
) -> int:
    """Run one query and write its rows to a file (atomically) or a text stream.

    Returns:
        Number of rows.

    Raises:
        QueryError: If it cannot run, or if Parquet is asked for on a text stream.
    """
    relation = session.sql(query)

    def work() -> int:
        reader = relation.to_arrow_reader(_BATCH_ROWS)
        if isinstance(to, Path):
            part = to.with_name(f".{to.name}.part")
            try:
                count = _write_file(reader, kind, part)
                part.replace(to)
            finally:
                part.unlink(missing_ok=True)
            return count
        if kind == "parquet":
            raise QueryError(
                "Parquet cannot be written to the terminal.", fix="Name a file with --to."
            )
        return _write_text(reader, kind, to)

    return _watched(session, work, on_progress)


def _watched(
    session: Session, work: Callable[[], _T], on_progress: Callable[[float], None] | None
) -> _T:
    done: list[_T] = []
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            failed.append(error)
        finally:
            ended.set()

    # An event and not `join`: an interrupted join takes a running thread for a stopped one.
    ended = threading.Event()
    threading.Thread(target=guarded, daemon=True).start()
    try:
        while not ended.wait(_POLL_SECONDS):
            if on_progress is not None:
                share = session.progress()
                on_progress(min(max(share, 0.0), 1.0))
    except KeyboardInterrupt:
        session.interrupt()
        ended.wait()
        raise
    if not failed:
        return done[0]
    is_query = isinstance(failed[0], duckdb.Error) or (
        # What fails inside DuckDB while Arrow reads comes as an OSError without a number.
        isinstance(failed[0], OSError) and failed[0].errno is None
    )
    if is_query:
        text = str(failed[0]).splitlines()[0]
        raise QueryError(text, fix="Correct the query.") from failed[0]
    raise failed[0]


def _write_file(reader: pa.RecordBatchReader, kind: Format, path: Path) -> int:
    if kind == "parquet":
        import pyarrow.parquet as pq

        with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
            return sum(_wrote(writer.write_batch(batch), batch) for batch in reader)
    with path.open("w", encoding="utf-8", newline="") as file:
        return _write_text(reader, kind, file)


def _wrote(_: None, batch: pa.RecordBatch) -> int:
    return int(batch.num_rows)


def _write_text(reader: pa.RecordBatchReader, kind: Format, file: TextIO) -> int:
    if kind == "csv":
        return _write_csv(reader, file)
    count = 0
    if kind == "json":
        file.write("[")
    for batch in reader:
        # A loop over rows: JSON text is what is asked for.
        for row in batch.to_pylist():
            if kind == "json":
                file.write(",\n " if count else "\n ")
            file.write(json.dumps(row, ensure_ascii=False, default=str))
            if kind == "jsonl":
                file.write("\n")
            count += 1
    if kind == "json":
        file.write("\n]\n" if count else "]\n")
    return count


def _write_csv(reader: pa.RecordBatchReader, file: TextIO) -> int:
    import pyarrow as pa
    import pyarrow.csv as pc

    is_spelt = [_is_csv(field.type) for field in reader.schema]
    flat = pa.schema(
        [
            pa.field(field.name, field.type if spelt else pa.string())
            for field, spelt in zip(reader.schema, is_spelt, strict=True)
        ]
    )
    count = 0
    for i, batch in enumerate(reader):
        columns = [
            pa.array(
                [
                    None if v is None else json.dumps(v, ensure_ascii=False, default=str)
                    for v in column.to_pylist()
                ],
                pa.string(),
            )
            if not spelt
            else column
            for column, spelt in zip(batch.columns, is_spelt, strict=True)
        ]
        sink = pa.BufferOutputStream()
        options = pc.WriteOptions(include_header=i == 0)
        pc.write_csv(pa.RecordBatch.from_arrays(columns, schema=flat), sink, options)
        file.write(sink.getvalue().to_pybytes().decode())
        count += batch.num_rows
    if not count:
        file.write(",".join(json.dumps(name) for name in flat.names) + "\n")
    return count


def _is_csv(kind: pa.DataType) -> bool:
    """Tell whether Arrow writes values of a type as CSV; not lists or intervals, for two."""
    import pyarrow as pa
    import pyarrow.csv as pc

    try:
        pc.write_csv(pa.table({"x": pa.nulls(1, kind)}), pa.BufferOutputStream())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return False
    return True
