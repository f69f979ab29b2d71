"""Argilla: records with two or more responses, and who preferred which.

Read are the records that the client of Argilla 2 and its service export, as JSON, JSON Lines,
Parquet or Arrow: nested (``fields``, ``responses``, ``suggestions``) and flat, as `datasets` holds
them (``preference.responses``, ``preference.responses.users``, ``preference.suggestion`` …).

- Each user of a record is a judgment. One that was not submitted is `not_given`, and flagged
  ``draft-response``, ``discarded-response`` or ``unknown-status``; the value is in ``raw_values``.
- A suggestion is the judgment of its agent, a model; of a group where the file says that people
  suggested it, or does not say who.
- A ranking is the choice of what stands first; all on one rank are a tie.
- What `.argilla` holds is not needed; the names of fields and questions are parameters.

A record of the nested export does not say which responses were submitted, because Argilla 2 drops
it: export with ``to_list(flatten=True)``, or say `assume_submitted`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, model_validator

from prefdata.protocols import Context, RawFile, Source
from prefdata.sources._argilla.choices import OUTCOMES, value_names
from prefdata.sources._argilla.example import EXAMPLE
from prefdata.sources._argilla.records import Asked, Record, record_of
from prefdata.sources._argilla.tables import Rows, add_record, annotators_of, tables_of
from prefdata.sources._generic.cells import as_came, rebuild_rows, spell
from prefdata.sources._generic.offer import GenericParams, format_of, select_files, split_of
from prefdata.sources._generic.rows import Stretch, pieces, read_rows
from prefdata.tables.bundle import Bundle
from prefdata.tables.coerce import Misfit
from prefdata.tables.identity import Occurrences, hash_texts
from prefdata.tables.raw import Reject, drift, rejects_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["ArgillaParams", "argilla"]

_FORMATS = ("arrow", "json", "jsonl", "ndjson", "parquet")
_NAME = r"^[A-Za-z0-9_-]+$"


class ArgillaParams(GenericParams):
    """Parameters of `argilla`."""

    prompt: str | None = Field(
        default="prompt",
        description="The field of the prompt, a text or a chat; records without it have none.",
    )
    responses: tuple[str, ...] = Field(
        default=("response_a", "response_b"),
        min_length=2,
        description="The fields of the responses that are compared.",
    )
    models: tuple[str, ...] = Field(
        default=("model_a", "model_b"),
        description="The metadata that name the model of each response, in the same order; none "
        "where the list is empty.",
    )
    question: str = Field(
        default="preference",
        description="The question that asks which response is better: of labels or of a ranking.",
    )
    comment: str | None = Field(
        default="comment", description="The question whose text is the comment of a judgment."
    )
    values: dict[str, str] | None = Field(
        default=None,
        description="What a value of the question means: the name of a field, `tie`, `both_bad` "
        "or `not_given`. By default the names of the fields, what stands after their last `_`, "
        "and `tie` and `both_bad`.",
    )
    suggestions: bool = Field(
        default=True, description="Whether suggestions are judgments of those who made them."
    )
    assume_submitted: bool = Field(
        default=False,
        description="Count responses of an export that does not say which were submitted, drafts "
        "and all.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse parameters that contradict each other."""
        if len(set(self.responses)) < len(self.responses) or self.prompt in self.responses:
            message = "prompt and responses name a field twice"
            raise ValueError(message)
        odd = [name for name in self.responses if "/" in name or "+" in name or name == "prompt"]
        if odd:
            message = f"responses: {odd[0]!r} cannot be the name of a response"
            raise ValueError(message)
        strange = {*(self.values or {}).values()} - {*self.responses, *OUTCOMES}
        if strange:
            message = f"values: {min(strange)!r} is no field of responses, and no outcome"
            raise ValueError(message)
        if self.models and len(self.models) != len(self.responses) and _are_models_given(self):
            message = "models and responses have different lengths"
            raise ValueError(message)
        return self

    def asked(self, labels: Sequence[str | None]) -> Asked:
        """Return where things stand in records.

        Args:
            labels: Names of the suggested values, where the file holds numbers.
        """
        return Asked(
            prompt=self.prompt,
            responses=self.responses,
            models=self.models if len(self.models) == len(self.responses) else (),
            preference=self.question,
            comment=self.comment,
            names=self.values or value_names(self.responses),
            has_suggestions=self.suggestions,
            is_submitted=self.assume_submitted,
            labels=labels,
        )


def _are_models_given(params: ArgillaParams) -> bool:
    return "models" in params.model_fields_set


def _select(files: Sequence[RawFile]) -> list[RawFile]:
    """Choose the files of records, ordered by name; what `.argilla` holds describes them."""
    is_beside = [any(part.startswith(".") for part in raw.name.split("/")) for raw in files]
    seen = [raw for raw, is_hidden in zip(files, is_beside, strict=True) if not is_hidden]
    return select_files(seen, _FORMATS, source="argilla")


class _Reader:
    """Reads files one after the other, and remembers ids and annotators over all of them."""

    def __init__(self, params: ArgillaParams) -> None:
        self._params = params
        self._seen: set[str] = set()
        self._repeats = Occurrences()
        self._met: set[str] = set()

    def file(self, raw: RawFile) -> Iterator[Bundle]:
        """Yield the bundles of one file."""
        asked = self._params.asked(_labels(raw, f"{self._params.question}.suggestion"))
        split = self._params.split or split_of(raw.name)
        for stretch in (piece for whole in read_rows(raw) for piece in pieces(whole)):
            rows, rejects = self._taken(stretch, asked, raw)
            if not stretch.first_row and not rows.prompts and rejects:
                raise drift(
                    f"No record fits; first: {rejects[0].reason}.",
                    file=raw.name,
                    row=rejects[0].row,
                )
            tables = tables_of(rows, raw, self._params, split=split)
            new = {name: vote for name, vote in rows.annotators.items() if name not in self._met}
            self._met |= new.keys()
            made = {"annotators": annotators_of(new, raw, self._params.name)} if new else {}
            rejects.sort(key=lambda reject: reject.row)
            yield Bundle(
                raw.name, stretch.rows_in, {**made, **tables}, rejects_of(raw.name, rejects)
            )

    def _taken(self, stretch: Stretch, asked: Asked, raw: RawFile) -> tuple[Rows, list[Reject]]:
        values = stretch.values
        if stretch.frame is not None:
            values = list(enumerate(stretch.frame.iter_rows(named=True), stretch.first_row))
        rows, rejects = Rows(), [*stretch.rejects]
        # A loop over records: each holds lists of its own, of users and of what they said.
        for number, value in values:
            try:
                record = record_of(value, asked)
                prompt_id = self._claim(record, value, raw)
            except Misfit as misfit:
                rejects.append(misfit.reject(number, raw=as_came(value)))
                continue
            add_record(
                rows,
                record,
                row=number,
                prompt_id=prompt_id,
                fields=asked.responses,
                name=self._params.name,
            )
        return rows, rejects

    def _claim(self, record: Record, value: Mapping[str, Any], raw: RawFile) -> str:
        """Return the id of the prompt: by the id of the record, or by its content."""
        name = self._params.name
        if record.native_id is None:
            key = hash_texts(pl.Series([spell({"file": raw.name, "record": value})]))
            return f"{name}:{self._repeats.suffix(key)[0]}"
        if record.native_id in self._seen:
            reason = f"an earlier record has the id {record.native_id!a}"
            raise Misfit("id", "duplicate-id", reason)
        self._seen.add(record.native_id)
        return f"{name}:{record.native_id}"


def _labels(raw: RawFile, column: str) -> list[str | None]:
    """Return the names of a column of numbers, which `datasets` keeps in the head of the file.

    The client counts a record without a suggestion as a label too, whose name is null.
    """
    kind = format_of(raw.name)
    try:
        if kind == "parquet":
            head = pq.read_schema(raw.path).metadata
        elif kind == "arrow":
            with pa.memory_map(str(raw.path)) as mapped:
                head = pa.ipc.open_stream(mapped).schema.metadata
        else:
            return []
        features = json.loads((head or {})[b"huggingface"])["info"]["features"]
        names = list(features[column]["names"])
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        # Without such a head, or with another one, numbers are numbers.
        return []
    return [name if isinstance(name, str) else None for name in names]


def _read(files: Sequence[RawFile], params: ArgillaParams, context: Context) -> Iterator[Bundle]:
    """Yield the bundles of each file."""
    reader = _Reader(params)
    for raw in files:
        yield from reader.file(raw)


argilla = Source(
    name="argilla",
    version=1,
    select=_select,
    read=_read,
    rebuild=rebuild_rows,
    example=EXAMPLE,
    params=ArgillaParams,
    is_generic=True,
)
