"""AnnotatedPairs: comparisons of two texts with the votes of people, models and principles.

The format of Inverse Constitutional AI and Feedback Forensics, version 2: one JSON object with
``metadata``, ``annotators`` and ``comparisons``. Findeis et al. (2024), arXiv:2406.06560.

- A principle is an annotator of kind `rule`; the type that the file states is its `pool`.
- ``pref`` is the choice. Without one, ``no_pref_reason`` tells why: ``both`` is a tie, ``neither``
  is both bad, everything else is an answer not given; the word itself is in ``raw_values``.
- A response that is shown as ``a`` in the file need not have been shown first: no order is known.
- What stands beside the comparisons is kept with the first comparison of the file.

The older table form is read too: ``text_a``, ``text_b``, ``preferred_text`` (``text_a`` or
``text_b``), ``input``, ``model_a``, ``model_b``, as CSV, JSON Lines or Parquet. A prompt that is
absent is a prompt without messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.protocols import Context, RawFile, Source
from prefdata.sources._annotated_pairs.example import EXAMPLE
from prefdata.sources._annotated_pairs.pairs import (
    KINDS,
    Columns,
    Memo,
    add_pair,
    csv_pair,
    document_pair,
)
from prefdata.sources._annotated_pairs.tables import annotators_of, rebuild, tables_of
from prefdata.sources._generic.cells import as_came, shown, spell
from prefdata.sources._generic.offer import GenericParams, format_of, select_files, split_of
from prefdata.sources._generic.rows import read_rows
from prefdata.tables.bundle import Bundle
from prefdata.tables.coerce import Misfit
from prefdata.tables.identity import Occurrences, hash_texts
from prefdata.tables.json_stream import JsonCursor
from prefdata.tables.raw import Reject, drift, rejects_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["AnnotatedPairsParams", "annotated_pairs"]

_STRETCH_SIZE = 100_000


class AnnotatedPairsParams(GenericParams):
    """Parameters of `annotated-pairs`."""


def _select(files: Sequence[RawFile]) -> list[RawFile]:
    """Choose documents and tables of pairs, ordered by name."""
    return select_files(files, ("json", "csv", "jsonl", "parquet"), source="annotated-pairs")


class _Reader:
    """Reads files one after the other, and remembers ids and annotators over all of them."""

    def __init__(self, params: GenericParams) -> None:
        self._params = params
        self._seen: set[str] = set()
        self._repeats = Occurrences()
        self._annotators: dict[str, Any] = {}
        self._spelled: Memo = {}

    def document(self, raw: RawFile) -> Iterator[Bundle]:
        """Yield the bundles of an AnnotatedPairs file."""
        header = _header(raw)
        annotators = _checked_annotators(header, raw)
        new = self._new_annotators(annotators, raw)
        known = set(annotators)
        columns, rejects = Columns(), list[Reject]()
        is_first = True
        for number, value in enumerate(_comparisons(raw, header)):
            try:
                head = header if is_first and not columns.row else None
                pair = document_pair(value, known, head, self._spelled)
                self._claim(str(pair.native_id))
            except Misfit as misfit:
                rejects.append(misfit.reject(number, raw=as_came(value)))
            else:
                prompt_id = f"{self._params.name}:{pair.native_id}"
                add_pair(columns, pair, row=number, prompt_id=prompt_id)
            if columns.size + len(rejects) >= _STRETCH_SIZE:
                _refuse_other(columns, rejects, raw, is_first=is_first)
                yield self._bundle(columns, rejects, raw, new)
                columns, rejects, new, is_first = Columns(), [], None, False
        if is_first or columns.row or rejects:
            _refuse_other(columns, rejects, raw, is_first=is_first)
            yield self._bundle(columns, rejects, raw, new)

    def table(self, raw: RawFile) -> Iterator[Bundle]:
        """Yield the bundles of a table with the columns ``text_a`` and ``text_b``."""
        new = self._new_annotators({"annotators": {"type": "unknown"}}, raw)
        for stretch in read_rows(raw):
            values = stretch.values
            if stretch.frame is not None:
                values = list(enumerate(stretch.frame.iter_rows(named=True), stretch.first_row))
            pairs, rejects = [], [*stretch.rejects]
            # A loop over rows: a table of pairs is small beside the votes of a document.
            for number, value in values:
                try:
                    pairs.append((number, csv_pair(value), spell({"f": raw.name, "r": value})))
                except Misfit as misfit:
                    rejects.append(misfit.reject(number, raw=as_came(value)))
            keys = pl.Series([key for _, _, key in pairs], dtype=pl.String)
            ids = self._repeats.suffix(hash_texts(keys))
            columns = Columns()
            for (number, pair, _), key in zip(pairs, ids, strict=True):
                add_pair(columns, pair, row=number, prompt_id=f"{self._params.name}:{key}")
            rejects.sort(key=lambda reject: reject.row)
            _refuse_other(columns, rejects, raw, is_first=stretch.first_row == 0)
            yield self._bundle(columns, rejects, raw, new)
            new = None

    def _claim(self, native_id: str) -> None:
        if native_id in self._seen:
            reason = f"an earlier comparison has the id {native_id!a}"
            raise Misfit("id", "duplicate-id", reason)
        self._seen.add(native_id)

    def _new_annotators(self, annotators: dict[str, Any], raw: RawFile) -> pl.DataFrame | None:
        """Return the annotators that no earlier file defined."""
        for key, value in annotators.items():
            if self._annotators.get(key, value) != value:
                raise drift(
                    f"The annotator {key!a} is another one in an earlier file.", file=raw.name
                )
        new = {key: value for key, value in annotators.items() if key not in self._annotators}
        self._annotators |= new
        return annotators_of(new, raw, self._params.name) if new else None

    def _bundle(
        self, columns: Columns, rejects: list[Reject], raw: RawFile, new: pl.DataFrame | None
    ) -> Bundle:
        split = self._params.split or split_of(raw.name)
        tables = tables_of(columns, raw, self._params, split=split)
        if new is not None:
            tables = {"annotators": new, **tables}
        rows_in = len(columns.row) + len(rejects)
        return Bundle(raw.name, rows_in, tables, rejects_of(raw.name, rejects))


def _header(raw: RawFile) -> dict[str, Any]:
    """Return all that a document says beside its comparisons, in one pass over the file."""
    header: dict[str, Any] = {}
    has_comparisons = False
    with JsonCursor(raw) as cursor:
        for key in cursor.fields():
            if key == "comparisons":
                has_comparisons = True
                if "annotators" in header and "metadata" in header:
                    # ICAI writes the comparisons last; what follows is read with them.
                    return header
                for _ in cursor.items():
                    continue
            else:
                header[key] = cursor.value()
        cursor.finish()
    if not has_comparisons:
        raise drift(
            f"It is no AnnotatedPairs file: no comparisons among {', '.join(header)[:80]!a}.",
            file=raw.name,
        )
    return header


def _comparisons(raw: RawFile, header: dict[str, Any]) -> Iterator[Any]:
    with JsonCursor(raw) as cursor:
        for key in cursor.fields():
            if key == "comparisons":
                yield from cursor.items()
            elif cursor.value() != header.get(key):
                raise drift(f"The key {shown(key)} stands after the comparisons.", file=raw.name)
        cursor.finish()


def _checked_annotators(header: dict[str, Any], raw: RawFile) -> dict[str, Any]:
    annotators = header.get("annotators")
    if not isinstance(annotators, dict) or not annotators:
        raise drift("The file names no annotators.", file=raw.name)
    for key, value in annotators.items():
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in KINDS:
            known = ", ".join(KINDS)
            raise drift(
                f"The annotator {key!a} has the type {shown(kind)}, expected {known}.",
                file=raw.name,
            )
    try:
        spell(header)
    except Misfit as misfit:
        raise drift(
            f"The head of the file cannot be kept: {misfit.reason}.", file=raw.name
        ) from misfit
    return annotators


def _refuse_other(
    columns: Columns, rejects: Sequence[Reject], raw: RawFile, *, is_first: bool
) -> None:
    if is_first and not columns.row:
        first = rejects[0] if rejects else None
        reason = f"first: {first.reason}" if first else "there are none"
        raise drift(
            f"No comparison fits; {reason}.", file=raw.name, row=first.row if first else None
        )


def _read(
    files: Sequence[RawFile], params: AnnotatedPairsParams, context: Context
) -> Iterator[Bundle]:
    """Yield the bundles of each file."""
    reader = _Reader(params)
    for raw in files:
        is_document = format_of(raw.name) == "json"
        yield from reader.document(raw) if is_document else reader.table(raw)


annotated_pairs = Source(
    name="annotated-pairs",
    version=1,
    select=_select,
    read=_read,
    rebuild=rebuild,
    example=EXAMPLE,
    params=AnnotatedPairsParams,
    is_generic=True,
)
