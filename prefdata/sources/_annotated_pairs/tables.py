"""Canonical tables of comparisons of two texts, and the way back to the comparisons."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.sources._annotated_pairs.pairs import KINDS
from prefdata.sources._generic.cells import rebuild_rows, spell
from prefdata.sources._generic.frames import frame_of
from prefdata.tables.identity import hash_messages
from prefdata.tables.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefdata.protocols import RawFile
    from prefdata.sources._annotated_pairs.pairs import Columns
    from prefdata.sources._generic.offer import GenericParams

__all__ = ["annotators_of", "rebuild", "rebuild_headers", "tables_of"]

_HEADER = "file_header"
_SIDES = ("a", "b")
_PAIRS: dict[str, pl.DataType] = {
    "prompt_id": pl.String(),
    "row": pl.Int64(),
    "messages": MESSAGES,
    "a": MESSAGES,
    "b": MESSAGES,
    "model_a": pl.String(),
    "model_b": pl.String(),
    "raw": pl.String(),
}
_VOTES: dict[str, pl.DataType] = {
    "index": pl.Int64(),
    "annotator": pl.String(),
    "outcome": pl.String(),
    "spelled": pl.String(),
    "raw": pl.String(),
}


def tables_of(
    columns: Columns, raw: RawFile, params: GenericParams, *, split: str | None
) -> dict[str, pl.DataFrame]:
    """Turn columns of comparisons into prompts, responses and judgments."""
    values: dict[str, Sequence[Any]] = {
        "prompt_id": columns.prompt_id,
        "row": columns.row,
        "messages": columns.prompt,
        "a": columns.a,
        "b": columns.b,
        "model_a": columns.model_a,
        "model_b": columns.model_b,
        "raw": columns.raw,
    }
    pairs = frame_of(values, _PAIRS)
    origin = {
        "source": pl.lit(params.name),
        "revision": pl.lit(raw.revision, pl.String),
        "file": pl.lit(raw.name),
        "row": pl.col("row"),
    }
    is_user = pl.element().struct.field("role") == "user"
    n_asked = pl.col("messages").list.eval(is_user).list.sum().cast(pl.Int32)
    prompts = pairs.select(
        "prompt_id",
        "messages",
        "raw",
        split=pl.lit(split, pl.String),
        turn=pl.max_horizontal(n_asked - 1, 0),
        license=pl.lit(params.license),
        content_hash=hash_messages(pairs["messages"]),
        **origin,
    )
    return {
        "prompts": conform(prompts, table_schema("prompts")),
        "responses": _responses(pairs, params.license, origin),
        "judgments": _judgments(columns, pairs, params.name, origin),
    }


def _responses(pairs: pl.DataFrame, spdx: str, origin: dict[str, pl.Expr]) -> pl.DataFrame:
    sides = [
        pairs.select(
            "prompt_id",
            "row",
            response_id=pl.col("prompt_id") + f"/{side}",
            messages=side,
            model=f"model_{side}",
        )
        for side in _SIDES
    ]
    both = pl.concat(sides).sort("row", maintain_order=True)
    responses = both.select(
        "response_id",
        "prompt_id",
        "messages",
        "model",
        text=pl.col("messages").list.last().struct.field("content"),
        license=pl.lit(spdx),
        content_hash=hash_messages(both["messages"]),
        **origin,
    )
    return conform(responses, table_schema("responses"))


def _judgments(
    columns: Columns, pairs: pl.DataFrame, name: str, origin: dict[str, pl.Expr]
) -> pl.DataFrame:
    votes_of: dict[str, Sequence[Any]] = {
        "index": columns.vote_of,
        "annotator": columns.annotator,
        "outcome": columns.outcome,
        "spelled": columns.spelled,
        "raw": columns.vote_raw,
    }
    votes = frame_of(votes_of, _VOTES)
    votes = votes.with_columns(
        prompt_id=pairs["prompt_id"].gather(votes["index"]), row=pairs["row"].gather(votes["index"])
    )
    outcome = pl.col("outcome")
    is_choice = outcome.is_in(_SIDES)
    key = pl.col("prompt_id")
    judgments = votes.select(
        "prompt_id",
        "raw",
        outcome=pl.when(is_choice).then(pl.lit("chosen")).otherwise(outcome),
        # A tie and both bad choose nobody; who did not answer says nothing of anybody.
        chosen=pl.when(outcome != "not_given").then(pl.concat_list(outcome == "a", outcome == "b")),
        judgment_id=key + "/" + pl.col("annotator") + "/overall",
        annotator_id=pl.lit(f"{name}:") + pl.col("annotator"),
        aspect=pl.lit("overall"),
        protocol=pl.lit("pairwise"),
        response_ids=pl.concat_list(key + "/a", key + "/b"),
        is_order_known=pl.lit(value=False),
        raw_values=pl.when(pl.col("spelled").is_not_null()).then(
            pl.concat_list("spelled", "spelled")
        ),
        **origin,
    )
    return conform(judgments, table_schema("judgments"))


def annotators_of(
    annotators: Mapping[str, Mapping[str, Any]], raw: RawFile, name: str
) -> pl.DataFrame:
    """Turn the annotators that the head of a file defines into the table of them."""
    frame = pl.DataFrame(
        {
            "annotator_id": [f"{name}:{key}" for key in annotators],
            "source": [name] * len(annotators),
            "kind": [KINDS[value["type"]] for value in annotators.values()],
            "pool": [value["type"] for value in annotators.values()],
            "raw": [
                spell({key: item for key, item in value.items() if key != "type"})
                for value in annotators.values()
            ],
            "revision": [raw.revision] * len(annotators),
            "file": [raw.name] * len(annotators),
        },
        schema={
            "annotator_id": pl.String(),
            "source": pl.String(),
            "kind": pl.String(),
            "pool": pl.String(),
            "raw": pl.String(),
            "revision": pl.String(),
            "file": pl.String(),
        },
    )
    return conform(frame, table_schema("annotators"))


def rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the comparisons of each file, in their order."""
    files = rebuild_rows(tables)
    votes: dict[tuple[str, int], dict[str, Any]] = {}
    columns = ["source", "annotator_id", "outcome", "chosen", "raw", "file", "row"]
    # A loop over rows: this is the proof that nothing is lost, not a hot path.
    for source, annotator, outcome, chosen, raw, file, row in (
        tables["judgments"].select(columns).iter_rows()
    ):
        vote = json.loads(raw) if raw else {}
        if outcome == "chosen":
            vote["pref"] = "a" if chosen[0] else "b"
        votes.setdefault((file, row), {})[annotator.removeprefix(f"{source}:")] = vote
    places = tables["prompts"].sort("file", "row").select("file", "row")
    counts: dict[str, int] = {}
    for file, row in places.iter_rows():
        index = counts.get(file, 0)
        counts[file] = index + 1
        comparison = files[file][index]
        comparison.pop(_HEADER, None)
        if "response_a" in comparison and comparison.get("annotations") == {}:
            comparison["annotations"] = votes.get((file, row), {})
    return files


def rebuild_headers(tables: Mapping[str, pl.DataFrame]) -> dict[str, dict[str, Any]]:
    """Return what each file says beside its comparisons: metadata and annotators."""
    rows = rebuild_rows(tables)
    return {file: row[_HEADER] for file, made in rows.items() for row in made if _HEADER in row}
