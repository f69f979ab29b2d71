"""From raw files to one commit: read, check, quarantine, write, account for every row."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.errors import DataError, InternalError, RejectsError, UserError
from prefdata.core.events import Committed, Progress, Report, StepFinished, StepStarted, silent
from prefdata.core.fingerprint import digest, file_digest
from prefdata.protocols import Context, Params, RawFile, Source
from prefdata.registry import names, plugin
from prefdata.runner.integrity import Integrity, screen
from prefdata.runner.lineage import RunRecord
from prefdata.runner.results import StepResult, StepResults
from prefdata.schema import conform, table_names, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prefdata.catalog import Catalog, Snapshot
    from prefdata.catalog.write import Write

__all__ = ["INGEST", "IngestResult", "ingest"]

INGEST = "ingest"
"""The ``stage`` of what adapters write into derived tables."""


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What an ingest did; ``rows_in = rows_out + rejected``."""

    source: str
    snapshot: Snapshot
    rows_in: int
    rows_out: int
    rejected: int
    reasons: dict[str, int]
    tables: dict[str, int]
    """Rows per table."""
    is_cached: bool
    seconds: float


@dataclass(slots=True)
class _Ledger:
    """Counts raw rows by file."""

    rows_in: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, file: str, rows_in: int, rejects: pl.DataFrame) -> None:
        self.rows_in[file] = self.rows_in.get(file, 0) + rows_in
        self.rejected[file] = self.rejected.get(file, 0) + rejects.height
        for rule, count in rejects["rule"].value_counts().iter_rows():
            self.reasons[rule] = self.reasons.get(rule, 0) + count


def ingest(
    catalog: Catalog,
    source: str,
    files: Sequence[RawFile],
    *,
    params: dict[str, Any] | None = None,
    max_rejects: float | None = None,
    is_forced: bool = False,
    report: Report = silent,
) -> IngestResult:
    """Read the raw files of one dataset into the catalog, replacing what it held of it.

    Args:
        catalog: Where to.
        source: Name of the adapter.
        files: Raw files on this machine; the adapter chooses among them.
        params: Parameters of the adapter.
        max_rejects: Greatest share (0 to 1) of raw rows that may end in quarantine.
        is_forced: Read the files again although the catalog holds this very result.
        report: Where to tell progress.

    Raises:
        UnknownNameError: If there is no such adapter.
        SourceDriftError: If the files are not what the adapter was written for.
        DataError: If the adapter breaks the contracts of the tables.
        RejectsError: If more rows were rejected than allowed; nothing is committed.
    """
    started = time.perf_counter()
    adapter: Source = plugin("source", source)
    settings = _settings(adapter, params or {})
    name = str(getattr(settings, "name", source)) if adapter.is_generic else source
    if adapter.is_generic and name in names("source"):
        raise UserError(
            f"The name {name!r} belongs to a dataset with an adapter of its own.",
            where=f"parameters of the source {adapter.name!r}",
            fix="Give the rows another name: --set name=my-votes",
        )
    chosen = adapter.select(files)
    inputs = [
        {"file": f.name, "revision": f.revision, "sha256": file_digest(f.path)} for f in chosen
    ]
    fingerprint = digest(
        [INGEST, adapter.name, adapter.version, name, settings.model_dump(mode="json"), inputs]
    )
    record = RunRecord(command=INGEST, recipe=name, base_snapshot=catalog.head().name)
    results = StepResults(catalog.workspace)
    with catalog.write() as write:
        result = None if is_forced else results.get(fingerprint)
        is_cached = result is not None
        if result is None:
            result = _read(adapter, name, chosen, inputs, settings, write, report)
            results.put(fingerprint, result)
        _refuse_too_many(result, max_rejects, name)
        _replace(write, name, result)
        seconds = time.perf_counter() - started
        record.step(
            step=name,
            stage=f"source:{adapter.name}",
            version=adapter.version,
            params=settings.model_dump(mode="json"),
            fingerprint=fingerprint,
            inputs=inputs,
            result=result,
            is_cached=is_cached,
            seconds=seconds,
        )
        record.write(write)
        snapshot = write.commit(f"ingest {name}", run_id=record.run_id)
    report(
        StepFinished(
            name,
            INGEST,
            result.rows_in,
            result.rows_out,
            result.rejected,
            seconds,
            is_cached,
            result.reasons,
        )
    )
    report(Committed(snapshot.name, record.run_id))
    rows = {table: sum(f.rows for f in entries) for (table, _), entries in result.outputs.items()}
    return IngestResult(
        source=name,
        snapshot=snapshot,
        rows_in=result.rows_in,
        rows_out=result.rows_out,
        rejected=result.rejected,
        reasons=result.reasons,
        tables={table: count for table, count in sorted(rows.items()) if count},
        is_cached=is_cached,
        seconds=seconds,
    )


def _settings(adapter: Source, params: dict[str, Any]) -> Params:
    import pydantic

    try:
        return adapter.params.model_validate(params)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "parameters"
        known = ", ".join(adapter.params.model_fields) or "none"
        raise UserError(
            f"{place}: {first['msg']}.",
            where=f"parameters of the source {adapter.name!r}",
            fix=f"Give them with --set name=value. Known: {known}.",
        ) from error


def _read(
    adapter: Source,
    name: str,
    files: Sequence[RawFile],
    inputs: list[dict[str, Any]],
    settings: Params,
    write: Write,
    report: Report,
) -> StepResult:
    report(StepStarted(name, INGEST))
    tables = (*table_names("canonical"), "flags")
    keys = {table: (name, INGEST) if table == "flags" else (name,) for table in tables}
    keys |= {"rejects": (name, INGEST), "source_files": (name,)}
    for table, key in keys.items():
        write.replace(table, key)
    ledger = _Ledger()
    integrity = Integrity(name)
    done = 0
    for bundle in adapter.read(files, settings, Context(report=report, source=name, step=INGEST)):
        frames, rejects = screen(bundle)
        ledger.add(bundle.file, bundle.rows_in, rejects)
        integrity.add(frames)
        for table, frame in frames.items():
            _refuse_foreign_rows(table, frame, name)
            write.put(table, keys[table], frame)
        _put_rejects(write, keys["rejects"], name, rejects)
        done += bundle.rows_in
        report(Progress(name, done))
    integrity.finish()
    write.put("source_files", keys["source_files"], _file_rows(name, files, inputs, ledger))
    rows_in, rejected = sum(ledger.rows_in.values()), sum(ledger.rejected.values())
    return StepResult(
        outputs={(table, key): write.finish(table, key) for table, key in keys.items()},
        rows_in=rows_in,
        rows_out=rows_in - rejected,
        rejected=rejected,
        reasons=ledger.reasons,
    )


def _refuse_foreign_rows(table: str, frame: pl.DataFrame, name: str) -> None:
    if frame.height and (frame["source"] != name).any():
        raise InternalError(
            f"The adapter wrote rows of another source to {table}.",
            where=f"source {name!r}",
            fix="Please report this to the author of the adapter.",
        )


def _put_rejects(write: Write, key: tuple[str, ...], name: str, rejects: pl.DataFrame) -> None:
    if rejects.height:
        full = rejects.with_columns(source=pl.lit(name), stage=pl.lit(INGEST))
        write.put("rejects", key, conform(full, table_schema("rejects")))


def _file_rows(
    name: str, files: Iterable[RawFile], inputs: list[dict[str, Any]], ledger: _Ledger
) -> pl.DataFrame:
    rows = []
    for raw, known in zip(files, inputs, strict=True):
        rows_in, rejected = ledger.rows_in.get(raw.name, 0), ledger.rejected.get(raw.name, 0)
        rows.append(
            {
                "source": name,
                "file": raw.name,
                "revision": raw.revision,
                "digest": known["sha256"],
                "bytes": raw.path.stat().st_size,
                "rows_in": rows_in,
                "rows_out": rows_in - rejected,
                "rows_rejected": rejected,
            }
        )
    frame = pl.DataFrame(rows, schema_overrides={"revision": pl.String()})
    return conform(frame, table_schema("source_files"))


def _refuse_too_many(result: StepResult, max_rejects: float | None, name: str) -> None:
    if not result.rows_out:
        raise DataError(
            f"No row of {result.rows_in} passed.",
            where=f"source {name!r}: " + ", ".join(f"{k} {v}" for k, v in result.reasons.items()),
            fix="Check that these are the files of this dataset.",
        )
    if max_rejects is not None and result.rejected > max_rejects * result.rows_in:
        rules = ", ".join(f"{rule}: {count}" for rule, count in sorted(result.reasons.items()))
        raise RejectsError(
            f"{result.rejected} of {result.rows_in} rows were rejected, "
            f"more than {max_rejects:g} allow.",
            where=f"source {name!r} ({rules})",
            fix="Ingest without --max-rejects and look: prefdata sql 'FROM rejects'. "
            "Nothing was committed.",
        )


def _replace(write: Write, name: str, result: StepResult) -> None:
    """Put the new rows in place; drop derived rows when what they stand on changed."""
    base = write.base.state
    is_changed = any(
        base.table(table).partitions.get(key, ()) != entries
        for (table, key), entries in result.outputs.items()
        if table_schema(table).kind == "canonical"
    )
    for (table, key), entries in result.outputs.items():
        write.adopt(table, key, entries)
    if not is_changed:
        return
    shared = [table for table in table_names("canonical") if table_schema(table).is_shared]
    for table in (*table_names("derived"), *shared, "rejects"):
        for key in base.table(table).partitions:
            if key[:1] == (name,) and key[1:] not in ((), (INGEST,)):
                write.adopt(table, key, ())
