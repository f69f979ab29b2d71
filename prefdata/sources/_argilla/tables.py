"""Canonical tables of records of Argilla."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.sources._generic.cells import spell
from prefdata.sources._generic.frames import frame_of_rows
from prefdata.tables.identity import hash_messages
from prefdata.tables.messages import MESSAGES

if TYPE_CHECKING:
    from prefdata.protocols import RawFile
    from prefdata.sources._argilla.records import Record, Vote
    from prefdata.sources._generic.offer import GenericParams

__all__ = ["Rows", "add_record", "annotators_of", "tables_of"]

_FLAGS = {
    "draft": "it is a draft, which nobody submitted",
    "discarded": "whoever gave it discarded the record",
    "unknown": "the export does not say whether it was submitted",
}
_PROMPTS: dict[str, pl.DataType] = {
    "prompt_id": pl.String(),
    "row": pl.Int64(),
    "messages": MESSAGES,
    "raw": pl.String(),
}
_RESPONSES: dict[str, pl.DataType] = {
    "response_id": pl.String(),
    "prompt_id": pl.String(),
    "row": pl.Int64(),
    "messages": MESSAGES,
    "model": pl.String(),
}
_JUDGMENTS: dict[str, pl.DataType] = {
    "judgment_id": pl.String(),
    "prompt_id": pl.String(),
    "row": pl.Int64(),
    "annotator_id": pl.String(),
    "outcome": pl.String(),
    "response_ids": pl.List(pl.String()),
    "chosen": pl.List(pl.Boolean()),
    "ranks": pl.List(pl.Int32()),
    "raw_values": pl.List(pl.String()),
    "comment": pl.String(),
    "confidence": pl.String(),
    "raw": pl.String(),
    "status": pl.String(),
}


@dataclass(slots=True)
class Rows:
    """Rows of three tables, as they come, and the annotators met for the first time."""

    prompts: list[dict[str, Any]] = field(default_factory=list)
    responses: list[dict[str, Any]] = field(default_factory=list)
    judgments: list[dict[str, Any]] = field(default_factory=list)
    annotators: dict[str, Vote] = field(default_factory=dict)


def add_record(
    rows: Rows, record: Record, *, row: int, prompt_id: str, fields: tuple[str, ...], name: str
) -> None:
    """Append a record.

    Args:
        rows: Where to.
        record: The record.
        row: Its place in the file.
        prompt_id: Its id here.
        fields: Names of its responses.
        name: Of the data set.
    """
    origin = {"prompt_id": prompt_id, "row": row}
    ids = [f"{prompt_id}/{side}" for side in fields]
    rows.prompts.append({**origin, "messages": record.prompt, "raw": record.raw})
    rows.responses += [
        {**origin, "response_id": one, "messages": messages, "model": model}
        for one, messages, model in zip(ids, record.sides, record.models, strict=True)
    ]
    for vote in record.votes:
        rows.annotators.setdefault(f"{name}:{vote.annotator}", vote)
        rows.judgments.append(
            {
                **origin,
                "judgment_id": f"{prompt_id}/{vote.key}/overall",
                "annotator_id": f"{name}:{vote.annotator}",
                "outcome": vote.choice.outcome,
                "response_ids": ids,
                "chosen": vote.choice.chosen,
                "ranks": vote.choice.ranks,
                "raw_values": None if vote.value is None else [vote.value] * len(ids),
                "comment": vote.comment,
                "confidence": vote.score,
                "raw": None if vote.status == "submitted" else spell({"status": vote.status}),
                "status": vote.status,
            }
        )


def tables_of(
    rows: Rows, raw: RawFile, params: GenericParams, *, split: str | None
) -> dict[str, pl.DataFrame]:
    """Turn rows into prompts, responses, judgments and flags."""
    origin = {
        "source": pl.lit(params.name),
        "revision": pl.lit(raw.revision, pl.String),
        "file": pl.lit(raw.name),
    }
    prompts = frame_of_rows(rows.prompts, _PROMPTS)
    responses = frame_of_rows(rows.responses, _RESPONSES)
    judgments = frame_of_rows(rows.judgments, _JUDGMENTS)
    is_user = pl.element().struct.field("role") == "user"
    n_asked = pl.col("messages").list.eval(is_user).list.sum().cast(pl.Int32)
    tables = {
        "prompts": prompts.with_columns(
            split=pl.lit(split, pl.String),
            turn=pl.max_horizontal(n_asked - 1, 0),
            license=pl.lit(params.license),
            content_hash=hash_messages(prompts["messages"]),
            **origin,
        ),
        "responses": responses.with_columns(
            text=pl.col("messages").list.last().struct.field("content"),
            license=pl.lit(params.license),
            content_hash=hash_messages(responses["messages"]),
            **origin,
        ),
        "judgments": judgments.drop("status").with_columns(
            aspect=pl.lit("overall"),
            protocol=pl.when(pl.col("response_ids").list.len() > _A_PAIR)
            .then(pl.lit("best_of_k"))
            .otherwise(pl.lit("pairwise")),
            is_order_known=pl.lit(value=False),
            **origin,
        ),
    }
    made = {name: conform(frame, table_schema(name)) for name, frame in tables.items()}
    return {**made, "flags": _flags(judgments, params.name)}


_A_PAIR = 2


def annotators_of(found: dict[str, Vote], raw: RawFile, name: str) -> pl.DataFrame:
    """Turn annotators who are met for the first time into rows."""
    frame = pl.DataFrame(
        {
            "annotator_id": list(found),
            "kind": [vote.kind for vote in found.values()],
            "model": [vote.model for vote in found.values()],
        },
        schema={"annotator_id": pl.String(), "kind": pl.String(), "model": pl.String()},
    ).with_columns(
        source=pl.lit(name), revision=pl.lit(raw.revision, pl.String), file=pl.lit(raw.name)
    )
    return conform(frame, table_schema("annotators"))


def _flags(judgments: pl.DataFrame, name: str) -> pl.DataFrame:
    """Say of judgments that were not given why."""
    status = pl.col("status")
    flags = judgments.filter(status != "submitted").select(
        id="judgment_id",
        flag=pl.when(status == "unknown")
        .then(pl.lit("unknown-status"))
        .otherwise(pl.concat_str(status, pl.lit("-response"))),
        reason=status.replace_strict(_FLAGS, return_dtype=pl.String),
        source=pl.lit(name),
        subject=pl.lit("judgments"),
        stage=pl.lit("ingest"),
    )
    return conform(flags, table_schema("flags"))
