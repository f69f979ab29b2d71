"""Hold what adapters write against the contracts, row by row and over the whole ingest.

A canonical row that breaks a rule sends its raw row to quarantine, with everything that came of
that raw row: half a raw row would be worse than none. Only annotators stay, because adapters write
them where they first occur and later rows are theirs too. Repeated keys and keys that point to
nothing are faults of the adapter, not of the data, and stop the ingest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.core.errors import DataError, RelationError
from prefdata.schema import check, conform, quarantine, table_schema
from prefdata.tables.bundle import REJECT_COLUMNS, Bundle, concat_rejects

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Integrity", "screen"]

_KEYED = ("annotators", "conversations", "prompts", "responses", "judgments")
_SEED = 0


def screen(bundle: Bundle) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Return the tables without the raw rows that broke a rule, and all rejects.

    The rejects are one row per raw row: those of the adapter and those of the rules.
    """
    frames: dict[str, pl.DataFrame] = {}
    broken: list[pl.DataFrame] = []
    for table, frame in bundle.tables.items():
        schema = table_schema(table)
        if table == "flags":
            frames[table] = conform(frame, schema)
            continue
        checked = check(frame, schema)
        frames[table] = frame if not checked.rejects.height else checked.good
        if checked.rejects.height:
            found = quarantine(checked.rejects, schema)
            if found["row"].null_count():
                _raise_unplaced(table, found)
            broken.append(found)
    if not broken:
        return frames, bundle.rejects
    rules = concat_rejects(broken).unique(["file", "row"], keep="first", maintain_order=True)
    bad = rules.select("file", "row")
    kept = {table: _without(table, frame, bad) for table, frame in frames.items()}
    if "flags" in kept:
        kept["flags"] = kept["flags"].join(_gone(bundle, kept), on=["subject", "id"], how="anti")
    own = bundle.rejects.join(bad, on=["file", "row"], how="anti")
    return kept, concat_rejects([own, rules.select(list(REJECT_COLUMNS))])


def _without(table: str, frame: pl.DataFrame, bad: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that came of no bad raw row, and annotators without their bad raw row."""
    if table == "annotators":
        is_bad = pl.struct("file", "row").is_in(bad.to_struct().implode())
        return frame.with_columns(row=pl.when(~is_bad).then("row"))
    return frame.join(bad, on=["file", "row"], how="anti") if "row" in frame.columns else frame


def _gone(bundle: Bundle, kept: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return table and key of all rows of a bundle that were not kept."""
    return pl.concat(
        frame.select(subject=pl.lit(table), id=pl.col(table_schema(table).primary_key[0])).join(
            kept[table], left_on="id", right_on=table_schema(table).primary_key[0], how="anti"
        )
        for table, frame in bundle.tables.items()
        if table in _KEYED
    )


def _raise_unplaced(table: str, found: pl.DataFrame) -> None:
    first = found.row(0, named=True)
    raise DataError(
        f"The adapter wrote rows to {table} that break its rules: {first['reason']}.",
        where=f"{table} {first['id']}",
        fix="The row names no raw row, so it cannot be quarantined; correct the adapter.",
    )


class Integrity:
    """Keys of a whole ingest, as 64-bit hashes: 8 bytes a row, whatever the ids look like."""

    def __init__(self, source: str) -> None:
        """Start with no keys."""
        self._source = source
        self._keys: dict[str, list[NDArray[np.uint64]]] = {}
        self._references: dict[tuple[str, str, str], list[NDArray[np.uint64]]] = {}

    def add(self, frames: dict[str, pl.DataFrame]) -> None:
        """Note the keys and the references of one bundle."""
        for table, frame in frames.items():
            schema = table_schema(table)
            if table not in _KEYED or not frame.height:
                continue
            key = schema.primary_key[0]
            self._keys.setdefault(table, []).append(_hashes(frame[key]))
            for field, target in schema.references.items():
                values = frame[field].drop_nulls()
                if values.dtype == pl.List:
                    values = values.explode(empty_as_null=False, keep_nulls=False).drop_nulls()
                # Neighbouring rows often point to the same row.
                place = (table, field, target.split(".")[0])
                self._references.setdefault(place, []).append(_hashes(values.unique()))

    def finish(self) -> None:
        """Check the whole ingest.

        Raises:
            DataError: If a key occurs twice in a table.
            RelationError: If a key points to nothing.
        """
        keys = {table: np.sort(np.concatenate(parts)) for table, parts in self._keys.items()}
        for table, sorted_keys in keys.items():
            repeats = int((sorted_keys[1:] == sorted_keys[:-1]).sum())
            if repeats:
                raise DataError(
                    f"The adapter wrote {repeats} keys to {table} more than once.",
                    where=f"source {self._source!r}",
                    fix="Correct the adapter: repeated native ids are rejects, other ids need "
                    "a suffix (`Occurrences`).",
                )
        for (table, field, target), parts in self._references.items():
            values = np.concatenate(parts)
            known = keys.get(target, np.empty(0, np.uint64))
            places = np.minimum(np.searchsorted(known, values), max(len(known) - 1, 0))
            is_known = known[places] == values if len(known) else np.zeros(len(values), bool)
            n_missing = len(np.unique(values[~is_known]))
            if n_missing:
                raise RelationError(
                    f"{n_missing} values of {table}.{field} point to no row of {target}.",
                    where=f"source {self._source!r}",
                    fix="Correct the adapter: a row that points to nothing is a reject.",
                )


def _hashes(values: pl.Series) -> NDArray[np.uint64]:
    return values.hash(_SEED).to_numpy()
