"""Any table, read by a small mapping file that says which column is what.

The files are Parquet, Arrow, JSON Lines, a JSON array or CSV. The mapping is the parameter
``mapping``, or ``mapping.yaml`` among the files. A column is a field of a row::

    id: question_id              # native id; without it, ids come from the content of the row
    prompt: question             # a text, or a list of messages (role, content or from, value)
    system: ...                  # also subset, split, language, topic
    license: CC-BY-4.0           # or {prompts: ..., responses: ...}
    is_order_known: false        # true if annotators saw the responses in the order given here
    responses:                   # a name of your choice for each response
      a: {text: answer_a, model: model_a}
      b: {text: answer_b, model: model_b}
    response_list:               # or, instead: one column that holds a list; names are 0, 1, ...
      {column: answers, text: text, model: model}
    annotator:                   # who judged; without an id, one anonymous group
      {id: rater, kind: human, country: rater_country}
    judgments:
      - aspect: overall
        choice: {column: winner, values: {A: a, B: b, same: tie, bad: both_bad, "": not_given}}
        rating: {columns: {a: score_a, b: score_b}, min: 1, max: 5}
        strength: how_much       # also confidence, comment, seconds
      - aspect: style
        each: votes              # a column that holds one object for each annotator; fields of the
        annotator: {id: worker}  # object come before columns of the row
        choice: {column: vote, values: {A: a, B: b}}

An unknown value of a choice rejects the row; an empty one is `not_given`. A rating that is no
number is null with its words in ``raw_values``; one off the scale rejects the row. Every column
but those of texts stays in ``prompts.raw``. ``docs/mapped.md`` tells all.
"""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import Field, computed_field

from prefdata.core.errors import SourceDriftError, UserError
from prefdata.protocols import Context, RawFile, Source
from prefdata.sources._generic.cells import as_came, rebuild_rows, spell
from prefdata.sources._generic.offer import DATA_FORMATS, GenericParams, select_files, split_of
from prefdata.sources._generic.rows import Stretch, pieces, read_rows
from prefdata.sources._mapped.example import EXAMPLE
from prefdata.sources._mapped.mapping import Licenses, Mapping, load_mapping
from prefdata.sources._mapped.rows import MappedRow, map_row
from prefdata.sources._mapped.tables import Annotators, tables_of
from prefdata.tables.bundle import Bundle
from prefdata.tables.coerce import Misfit
from prefdata.tables.identity import Occurrences, hash_texts
from prefdata.tables.raw import Reject, rejects_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["MappedParams", "mapped"]

_MAPPING_NAMES = ("mapping.yaml", "mapping.yml")


class MappedParams(GenericParams):
    """Parameters of `mapped`."""

    mapping: Path | None = Field(
        default=None, description="The mapping file; without it, mapping.yaml among the files."
    )

    @computed_field  # type: ignore[prop-decorator]  # pydantic documents it on a property
    @property
    def mapping_digest(self) -> str | None:
        """SHA-256 of the mapping, so that an edited one counts as another parameter."""
        if self.mapping is None or not self.mapping.is_file():
            return None
        return hashlib.sha256(self.mapping.read_bytes()).hexdigest()


def _is_mapping(raw: RawFile) -> bool:
    return PurePosixPath(raw.name).name in _MAPPING_NAMES


def _select(files: Sequence[RawFile]) -> list[RawFile]:
    """Choose the mapping, where one is among the files, and the data files, ordered by name."""
    data = select_files(files, DATA_FORMATS, source="mapped")
    return [*sorted(filter(_is_mapping, files), key=lambda raw: raw.name), *data]


def _read(files: Sequence[RawFile], params: MappedParams, context: Context) -> Iterator[Bundle]:
    """Yield the bundles of each data file."""
    found = params.mapping or next((raw.path for raw in files if _is_mapping(raw)), None)
    if found is None:
        raise UserError(
            "The source mapped was given no mapping.",
            where="parameter mapping",
            fix="Write one (docs/mapped.md) and give its path as `mapping`.",
        )
    reader = _Reader(params, load_mapping(found))
    for raw in files:
        if not _is_mapping(raw):
            yield from reader.read(raw)


class _Reader:
    """Reads files one after the other, and remembers ids and annotators over all of them."""

    def __init__(self, params: MappedParams, mapping: Mapping) -> None:
        self._params = params
        self._mapping = mapping
        self._licenses = mapping.license or Licenses(
            prompts=params.license, responses=params.license
        )
        self._seen: set[str] = set()
        self._repeats = Occurrences()
        self._annotators = Annotators()

    def read(self, raw: RawFile) -> Iterator[Bundle]:
        """Yield the bundles of one file."""
        for stretch in (piece for whole in read_rows(raw) for piece in pieces(whole)):
            rows, rejects = self._rows(stretch, raw)
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
                licenses=self._licenses,
                is_order_known=self._mapping.is_order_known,
            )
            rejects.sort(key=lambda reject: reject.row)
            yield Bundle(raw.name, stretch.rows_in, tables, rejects_of(raw.name, rejects))

    def _rows(
        self, stretch: Stretch, raw: RawFile
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
                row = map_row(value, self._mapping)
                keys.append(self._claim(row.native_id) or spell({"file": raw.name, "row": value}))
            except Misfit as misfit:
                rejects.append(misfit.reject(number, raw=as_came(value)))
            else:
                made.append((number, row))
        if self._mapping.id is None:
            hashed = hash_texts(pl.Series(keys, dtype=pl.String))
            keys = self._repeats.suffix(hashed).to_list()
        name = self._params.name
        rows = [
            (number, f"{name}:{key}", row) for key, (number, row) in zip(keys, made, strict=True)
        ]
        return rows, rejects

    def _claim(self, native_id: str | None) -> str | None:
        if native_id is not None and native_id in self._seen:
            reason = f"an earlier row has the id {native_id!a}"
            raise Misfit(self._mapping.id, "duplicate-id", reason)
        if native_id is not None:
            self._seen.add(native_id)
        return native_id


mapped = Source(
    name="mapped",
    version=1,
    select=_select,
    read=_read,
    rebuild=rebuild_rows,
    example=EXAMPLE,
    params=MappedParams,
    is_generic=True,
)
