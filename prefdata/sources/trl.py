"""Any preference set in the shapes of TRL: explicit, implicit and unpaired, with or without scores.

Shapes (TRL 1.16, ``docs/source/dataset_formats.md``):

- explicit: ``prompt``, ``chosen``, ``rejected``, each a string or a list of messages. A string is
  kept with its leading space. Where both answers are conversations that begin with the prompt
  again, as in H4's sets, what they share is the prompt.
- implicit: ``chosen`` and ``rejected`` as conversations; what both begin with, in whole messages,
  is the prompt. As strings they are kept whole, without a prompt, and flagged
  ``implicit-string``: where a prompt ends inside a string cannot be told from the string.
- unpaired (KTO, BCO): ``prompt``, ``completion`` and ``label``.
- ``score_chosen``, ``score_rejected``, ``margin``, ``chosen_model`` and ``rejected_model`` where
  they stand beside; every other field stays in ``raw``.

Messages have ``role`` and ``content``, or ``from`` and ``value``. Files are Parquet, Arrow (as
`datasets` writes it), JSON Lines, a JSON array, or CSV. Stepwise rows are not preferences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.core.errors import SourceDriftError
from prefdata.protocols import Context, RawFile, Source
from prefdata.sources._generic.cells import rebuild_rows
from prefdata.sources._generic.offer import DATA_FORMATS, GenericParams, select_files, split_of
from prefdata.sources._generic.rows import read_rows
from prefdata.sources._trl.example import EXAMPLE
from prefdata.sources._trl.shapes import shape
from prefdata.sources._trl.tables import bundle, group_of
from prefdata.tables.bundle import Bundle
from prefdata.tables.identity import Occurrences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["TrlParams", "trl"]


class TrlParams(GenericParams):
    """Parameters of `trl`."""


def _select(files: Sequence[RawFile]) -> list[RawFile]:
    """Choose the data files, ordered by name."""
    return select_files(files, DATA_FORMATS, source="trl")


def _read(files: Sequence[RawFile], params: TrlParams, context: Context) -> Iterator[Bundle]:
    """Yield the bundles of each file."""
    repeats = Occurrences()
    has_group = False
    for raw in files:
        split = params.split or split_of(raw.name)
        for stretch in read_rows(raw):
            shaped, rejects = shape(stretch)
            if not stretch.first_row and not shaped.height:
                first = rejects[0]
                raise SourceDriftError(
                    f"No row of the first {stretch.rows_in} has a shape of TRL; "
                    f"first: {first.reason}.",
                    where=f"{raw.name}: row {first.row}",
                    fix="Give a preference set, or describe the table to the source `mapped`.",
                )
            made = bundle(shaped, rejects, raw, params, split=split, repeats=repeats)
            if has_group:
                yield made
            else:
                tables = {"annotators": group_of(raw, params), **made.tables}
                yield Bundle(made.file, made.rows_in, tables, made.rejects)
                has_group = True


trl = Source(
    name="trl",
    version=2,
    select=_select,
    read=_read,
    rebuild=rebuild_rows,
    example=EXAMPLE,
    params=TrlParams,
    is_generic=True,
)
