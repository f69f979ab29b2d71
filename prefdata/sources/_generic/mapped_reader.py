"""Reads any table under a mapping, file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.errors import SourceDriftError
from prefdata.sources._generic.cells import as_came, spell
from prefdata.sources._generic.mapped_rows import MappedRow, map_row
from prefdata.sources._generic.mapped_tables import Annotators, tables_of
from prefdata.sources._generic.mapping import Licenses, Mapping
from prefdata.sources._generic.offer import GenericParams, split_of
from prefdata.sources._generic.rows import Stretch, pieces, read_rows
from prefdata.tables.bundle import Bundle
from prefdata.tables.coerce import Misfit
from prefdata.tables.identity import Occurrences, hash_texts
from prefdata.tables.raw import Reject, rejects_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefdata.protocols import RawFile

__all__ = ["MappedReader"]


class MappedReader:
    """Reads files one after the other, and remembers ids and annotators over all of them."""

    def __init__(self, params: GenericParams) -> None:
        self._params = params
        self._seen: set[str] = set()
        self._repeats = Occurrences()
        self._annotators = Annotators()

    def read(self, raw: RawFile, mapping: Mapping) -> Iterator[Bundle]:
        """Yield the bundles of one file.

        Raises:
            SourceDriftError: If none of its first rows fits the mapping.
        """
        licenses = mapping.license or Licenses(
            prompts=self._params.license, responses=self._params.license
        )
        for stretch in (piece for whole in read_rows(raw) for piece in pieces(whole)):
            rows, rejects = self._rows(stretch, raw, mapping)
            if not stretch.first_row and not rows:
                first = rejects[0]
                raise SourceDriftError(
                    f"No row of the first {stretch.rows_in} fits the mapping; "
                    f"first: {first.reason}.",
                    where=f"{raw.name}: row {first.row}",
                    fix="Edit the mapping, or give the file that it was written for.",
                )
            tables = tables_of(
                rows,
                raw,
                self._annotators,
                name=self._params.name,
                split=self._params.split or split_of(raw.name),
                licenses=licenses,
                is_order_known=mapping.is_order_known,
            )
            rejects.sort(key=lambda reject: reject.row)
            yield Bundle(raw.name, stretch.rows_in, tables, rejects_of(raw.name, rejects))

    def _rows(
        self, stretch: Stretch, raw: RawFile, mapping: Mapping
    ) -> tuple[list[tuple[int, str, MappedRow]], list[Reject]]:
        """Return the rows with their prompt ids, and the rejects."""
        values: Sequence[tuple[int, dict[str, Any]]] = stretch.values
        if stretch.frame is not None:
            named = stretch.frame.iter_rows(named=True)
            values = list(enumerate(named, stretch.first_row))
        made: list[tuple[int, MappedRow]] = []
        keys: list[str] = []
        rejects = [*stretch.rejects]
        # A loop over rows: a mapping may nest them in any way.
        for number, value in values:
            try:
                row = map_row(value, mapping)
                keys.append(
                    self._claim(row.native_id, mapping) or spell({"file": raw.name, "row": value})
                )
            except Misfit as misfit:
                rejects.append(misfit.reject(number, raw=as_came(value)))
            else:
                made.append((number, row))
        if mapping.id is None:
            hashed = hash_texts(pl.Series(keys, dtype=pl.String))
            keys = self._repeats.suffix(hashed).to_list()
        name = self._params.name
        rows = [
            (number, f"{name}:{key}", row) for key, (number, row) in zip(keys, made, strict=True)
        ]
        return rows, rejects

    def _claim(self, native_id: str | None, mapping: Mapping) -> str | None:
        if native_id is not None and native_id in self._seen:
            reason = f"an earlier row has the id {native_id!a}"
            raise Misfit(mapping.id, "duplicate-id", reason)
        if native_id is not None:
            self._seen.add(native_id)
        return native_id
