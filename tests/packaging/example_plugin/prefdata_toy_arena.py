"""Toy Arena: a dataset that another package adds to prefdata, all of it in this one file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from prefdata.protocols import Context, NoParams, RawFile, Source
from prefdata.schema import conform, table_schema
from prefdata.tables.bundle import Bundle, concat_rejects
from prefdata.tables.identity import Occurrences, hash_messages, hash_tuple
from prefdata.tables.jsonl import read_json_rows
from prefdata.tables.messages import message, messages_of
from prefdata.tables.raw import RawChunk, drift

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["toy_arena"]

_SOURCE = "toy-arena"
_LICENSE = "CC0-1.0"
_COLUMNS = ("question", "answer_a", "answer_b", "winner", "voter")
_SCHEMA = pa.schema([(name, pa.string()) for name in _COLUMNS])
_OUTCOMES = {"a": "chosen", "b": "chosen", "tie": "tie", "neither": "both_bad"}

_EXAMPLE = (
    {
        "question": "Say hello.",
        "answer_a": "Hello.",
        "answer_b": "Hi.",
        "winner": "a",
        "voter": "v1",
    },
    {"question": "Say bye.", "answer_a": "Bye.", "answer_b": "", "winner": "tie", "voter": "v2"},
    {"question": "Why?", "answer_a": "So.", "answer_b": "?", "winner": "neither", "voter": "v1"},
)


def _select(files: Sequence[RawFile]) -> list[RawFile]:
    """Choose the files of votes, ordered by name."""
    votes = sorted(
        (raw for raw in files if raw.name.endswith("votes.jsonl")), key=lambda raw: raw.name
    )
    if not votes:
        offered = ", ".join(raw.name for raw in files) or "nothing"
        raise drift(f"The file votes.jsonl is missing; given: {offered}.", file="votes.jsonl")
    return votes


def _read(files: Sequence[RawFile], params: NoParams, context: Context) -> Iterator[Bundle]:
    """Yield the votes of each file, stretch by stretch."""
    repeats = Occurrences()
    voters: set[str] = set()
    for raw in files:
        for chunk in read_json_rows(raw, _SCHEMA, required=_COLUMNS):
            yield _bundle(chunk, raw, repeats, voters)


def _bundle(chunk: RawChunk, raw: RawFile, repeats: Occurrences, voters: set[str]) -> Bundle:
    is_known = pl.col("winner").is_in(_OUTCOMES.keys())
    strange = chunk.frame.filter(~is_known).select(
        file=pl.lit(raw.name),
        row="row",
        subject=pl.lit(None, pl.String),
        id=pl.lit(None, pl.String),
        field=pl.lit("winner"),
        rule=pl.lit("unknown-value"),
        reason=pl.format("winner is '{}'", pl.col("winner")),
        raw=pl.struct(_COLUMNS).struct.json_encode(),
    )
    rows = chunk.frame.filter(is_known)
    keys = hash_tuple(rows, pl.lit(raw.name), *_COLUMNS)
    rows = rows.with_columns((f"{_SOURCE}:" + repeats.suffix(keys)).alias("prompt_id"))
    return Bundle(
        file=raw.name,
        rows_in=chunk.rows_in,
        tables=_tables(rows, raw, voters),
        rejects=concat_rejects([chunk.rejects, strange]),
    )


def _tables(rows: pl.DataFrame, raw: RawFile, voters: set[str]) -> dict[str, pl.DataFrame]:
    key = pl.col("prompt_id")
    voter = pl.lit(f"{_SOURCE}:") + pl.col("voter")
    origin = {
        "source": pl.lit(_SOURCE),
        "revision": pl.lit(raw.revision, pl.String),
        "file": pl.lit(raw.name),
        "row": pl.col("row"),
    }
    prompts = rows.select(
        "prompt_id",
        turn=pl.lit(0),
        messages=messages_of(message("user", "question")),
        license=pl.lit(_LICENSE),
        raw="extra",
        **origin,
    )
    responses = pl.concat(
        rows.select(
            "prompt_id",
            response_id=key + f"/{side}",
            position=pl.lit(position),
            messages=messages_of(message("assistant", f"answer_{side}")),
            text=f"answer_{side}",
            license=pl.lit(_LICENSE),
            **origin,
        )
        for position, side in enumerate("ab")
    )
    judgments = rows.select(
        "prompt_id",
        judgment_id=key + "/" + pl.col("voter") + "/overall",
        annotator_id=voter,
        aspect=pl.lit("overall"),
        protocol=pl.lit("pairwise"),
        outcome=pl.col("winner").replace_strict(_OUTCOMES),
        response_ids=pl.concat_list(key + "/a", key + "/b"),
        is_order_known=pl.lit(value=True),
        chosen=pl.concat_list(pl.col("winner") == "a", pl.col("winner") == "b"),
        raw_values=pl.concat_list("winner", "winner"),
        **origin,
    )
    new = rows.filter(~pl.col("voter").is_in(voters)).unique("voter", maintain_order=True)
    voters.update(new["voter"])
    annotators = new.select(annotator_id=voter, kind=pl.lit("human"), **origin)
    frames = {
        "annotators": annotators,
        "prompts": prompts.with_columns(content_hash=hash_messages(prompts["messages"])),
        "responses": responses.with_columns(content_hash=hash_messages(responses["messages"])),
        "judgments": judgments,
    }
    return {name: conform(frame, table_schema(name)) for name, frame in frames.items()}


def _rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the votes, in row order."""
    texts = dict(tables["responses"].select("response_id", "text").iter_rows())
    said = tables["judgments"].select("prompt_id", "annotator_id", "raw_values")
    files: dict[str, list[dict[str, Any]]] = {}
    for row in tables["prompts"].join(said, on="prompt_id").sort("file", "row").to_dicts():
        vote = {
            "question": row["messages"][0]["content"],
            "answer_a": texts[f"{row['prompt_id']}/a"],
            "answer_b": texts[f"{row['prompt_id']}/b"],
            "winner": row["raw_values"][0],
            "voter": row["annotator_id"].removeprefix(f"{_SOURCE}:"),
        }
        files.setdefault(row["file"], []).append(vote | json.loads(row["raw"] or "{}"))
    return files


toy_arena = Source(
    name=_SOURCE,
    version=1,
    select=_select,
    read=_read,
    rebuild=_rebuild,
    example={"votes.jsonl": "".join(json.dumps(row) + "\n" for row in _EXAMPLE).encode()},
)
