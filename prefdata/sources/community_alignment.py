"""Community Alignment (Meta): people of five countries choose one of four responses, in turns.

Zhang et al. (2025), arXiv:2507.09650. A row of the CSV is one conversation of one annotator with
up to four turns; each turn has a prompt, four candidates that were shown in the order of their
letters, one preferred letter and free feedback. Both releases are read: v1.0 (two files, a list
of the responses per turn) and v1.1 (one file, with ``wave``).

What the files leave open is kept and flagged, not repaired: a turn without an answer gives a
judgment with outcome ``not_given``; a later turn then stands on the part of its history that is
known (``broken-history``); a choice of a candidate that is not there is a ``dangling-choice``. An
annotator is one row, written after all files are read: the first row's demographics count, and
all languages the annotator was assigned are listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.protocols import Context, NoParams, RawFile, Source
from prefdata.sources._community_alignment.annotators import Annotators
from prefdata.sources._community_alignment.example import EXAMPLE
from prefdata.sources._community_alignment.rebuild import rebuild
from prefdata.sources._community_alignment.shape import SOURCE, accept, layout, read_chunks, select
from prefdata.sources._community_alignment.tables import tables_of
from prefdata.tables.bundle import Bundle
from prefdata.tables.seen import SeenIds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["community_alignment"]


def _read(files: Sequence[RawFile], params: NoParams, context: Context) -> Iterator[Bundle]:
    """Yield the rows of each file, and last the annotators of all."""
    del params, context
    seen, annotators = SeenIds(), Annotators()
    last = ""
    for raw in files:
        last = raw.name
        shape = layout(raw)
        for chunk in read_chunks(raw, shape):
            rows, rejects = accept(chunk, raw, seen)
            conflicts = annotators.meet(rows, raw)
            tables = tables_of(rows, conflicts, raw, shape)
            yield Bundle(file=raw.name, rows_in=chunk.rows_in, tables=tables, rejects=rejects)
    yield Bundle(file=last, rows_in=0, tables=annotators.tables())


community_alignment = Source(
    name=SOURCE,
    version=1,
    select=select,
    read=_read,
    rebuild=rebuild,
    example=EXAMPLE,
)
