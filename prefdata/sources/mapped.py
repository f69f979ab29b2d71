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
      {id: rater, kind: human, country: rater_country}   # or {name: gpt-4, kind: model}
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
from typing import TYPE_CHECKING

from pydantic import Field, computed_field

from prefdata.core.errors import UserError
from prefdata.protocols import Context, RawFile, Source
from prefdata.sources._generic.cells import rebuild_rows
from prefdata.sources._generic.mapped_reader import MappedReader
from prefdata.sources._generic.mapping import load_mapping
from prefdata.sources._generic.offer import DATA_FORMATS, GenericParams, select_files
from prefdata.sources._mapped.example import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefdata.tables.bundle import Bundle

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
    mapping, reader = load_mapping(found), MappedReader(params)
    for raw in files:
        if not _is_mapping(raw):
            yield from reader.read(raw, mapping)


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
