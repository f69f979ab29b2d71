"""What every plugin promises, as functions that its author calls from a test.

from prefdata.testing.contracts import assert_source_contract

def test_my_dataset(tmp_path):
    assert_source_contract(my_dataset, tmp_path)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import PrefdataError, SourceDriftError
from prefdata.protocols import Context, RawFile
from prefdata.runner.integrity import Integrity, screen
from prefdata.schema import table_names, table_schema
from prefdata.tables.bundle import concat_rejects
from prefdata.testing.mutations import mutate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prefdata.protocols import Params, Source

__all__ = ["ReadBack", "assert_source_contract", "assert_survives_mutations", "read_source"]

_WEB_PAGE = b"<!doctype html><html><body>Not found</body></html>"


class ReadBack:
    """Everything an adapter made of some files, with its ledger checked."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.tables: dict[str, pl.DataFrame] = {}
        self.rejects = concat_rejects([])
        self.rows_in: dict[str, int] = {}

    def kept(self, file: str) -> set[int]:
        """Return the raw rows of a file that are behind some canonical row."""
        rows: set[int] = set()
        for frame in self.tables.values():
            if {"file", "row"} <= set(frame.columns):
                rows |= set(frame.filter(pl.col("file") == file)["row"].drop_nulls())
        return rows


def read_source(source: Source, files: Sequence[RawFile], params: Params) -> ReadBack:
    """Read files as the runner does: contracts, keys and references checked.

    Raises:
        PrefdataError: As the runner would.
    """
    back = ReadBack()
    name = str(getattr(params, "name", source.name)) if source.is_generic else source.name
    integrity = Integrity(name)
    parts: dict[str, list[pl.DataFrame]] = {}
    rejects: list[pl.DataFrame] = []
    for bundle in source.read(source.select(files), params, Context(source=name, step="ingest")):
        frames, rejected = screen(bundle)
        integrity.add(frames)
        back.rows_in[bundle.file] = back.rows_in.get(bundle.file, 0) + bundle.rows_in
        rejects.append(rejected)
        for table, frame in frames.items():
            parts.setdefault(table, []).append(frame)
    integrity.finish()
    back.rejects = concat_rejects(rejects)
    back.tables = {table: pl.concat(frames) for table, frames in parts.items()}
    return back


def write_files(files: Mapping[str, bytes], folder: Path) -> list[RawFile]:
    """Write raw files into a folder, as a user would have them."""
    written = []
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written.append(RawFile(path, name))
    return written


def assert_source_contract(source: Source, folder: Path, params: Params | None = None) -> None:
    """Check what every adapter promises, on its own example rows.

    Args:
        source: The adapter.
        folder: An empty folder to work in.
        params: Parameters, for adapters that need some.

    Raises:
        AssertionError: If a promise is broken; the message says which.
    """
    settings = params if params is not None else source.params()
    files = write_files(source.example, folder / "example")
    back = read_source(source, files, settings)
    _assert_ledger(back)
    assert set(back.tables) <= {*table_names("canonical"), "flags"}, "writes tables that it may not"
    for table in ("prompts", "responses", "judgments", "annotators"):
        assert back.tables.get(table, pl.DataFrame()).height, f"the example gives no {table}"
    again = read_source(source, files, settings)
    for table, frame in back.tables.items():
        assert frame.equals(again.tables[table], null_equal=True), f"{table}: two reads differ"
    _assert_rebuilds(source, back)
    _assert_refuses_wrong_files(source, folder, settings)


def _assert_ledger(back: ReadBack) -> None:
    for file, rows_in in back.rows_in.items():
        rejected = back.rejects.filter(pl.col("file") == file)
        bad = set(rejected["row"])
        assert len(bad) == rejected.height, f"{file}: a raw row is rejected twice"
        kept = back.kept(file)
        if not kept:
            # Its rows complete those of other files; that they come back is shown by `rebuild`.
            assert len(bad) <= rows_in, f"{file}: {rows_in} rows in, {len(bad)} rejected"
            continue
        assert not kept & bad, f"{file}: rows {sorted(kept & bad)[:5]} are kept and rejected"
        assert len(kept) + len(bad) == rows_in, (
            f"{file}: {rows_in} rows in, {len(kept)} kept, {len(bad)} rejected"
        )
    assert back.rejects["reason"].null_count() == 0, "a reject has no reason"
    assert back.rejects["rule"].null_count() == 0, "a reject has no rule"


def _assert_rebuilds(source: Source, back: ReadBack) -> None:
    full = {
        name: back.tables.get(name, pl.DataFrame(schema=_schema(name)))
        for name in (*table_names("canonical"), "flags")
    }
    rebuilt = source.rebuild(full)
    for file, rows_in in back.rows_in.items():
        rejected = back.rejects.filter(pl.col("file") == file).height
        n_rebuilt = len(rebuilt.get(file, []))
        assert n_rebuilt == rows_in - rejected, f"{file}: {n_rebuilt} rows come back of {rows_in}"


def _schema(table: str) -> dict[str, pl.DataType]:
    from prefdata.schema import polars_schema

    return dict(polars_schema(table_schema(table)))


def _assert_refuses_wrong_files(source: Source, folder: Path, params: Params) -> None:
    for case, files in {
        "nothing": {},
        "web-page": dict.fromkeys(source.example, _WEB_PAGE),
        "empty": dict.fromkeys(source.example, b""),
    }.items():
        outcome = _outcome(source, write_files(files, folder / case), params)
        assert isinstance(outcome, PrefdataError), f"{case}: no error"
        assert outcome.fix, f"{case}: the error does not say what to do"
        if case != "nothing":
            assert isinstance(outcome, SourceDriftError), f"{case}: {type(outcome).__name__}"


def _outcome(source: Source, files: Sequence[RawFile], params: Params) -> ReadBack | PrefdataError:
    try:
        return read_source(source, files, params)
    except PrefdataError as error:
        return error


def assert_survives_mutations(
    source: Source, folder: Path, *, n_rows: int, seed: int = 0, params: Params | None = None
) -> int:
    """Feed damaged copies of the example: nothing may crash, no row may vanish.

    Args:
        source: The adapter.
        folder: An empty folder to work in.
        n_rows: At least so many damaged rows are fed.
        seed: Seed of the damage.
        params: Parameters, for adapters that need some.

    Returns:
        Number of damaged rows that were fed.
    """
    settings = params if params is not None else source.params()
    fed = 0
    attempt = 0
    while fed < n_rows:
        name = sorted(source.example)[attempt % len(source.example)]
        damaged, n_damaged = mutate(name, source.example[name], seed=seed + attempt)
        files = write_files({**source.example, name: damaged}, folder / f"{attempt}")
        outcome = _outcome(source, files, settings)
        if isinstance(outcome, ReadBack):
            _assert_ledger(outcome)
        else:
            assert outcome.fix, f"attempt {attempt}: the error does not say what to do"
        fed += n_damaged
        attempt += 1
    return fed
