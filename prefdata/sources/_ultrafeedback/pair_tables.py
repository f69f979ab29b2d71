"""Canonical tables of binarized UltraFeedback rows, their flags, and the way back to the rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.sources._ultrafeedback.pairs import SIDES, meaning_of
from prefdata.sources._ultrafeedback.rows import Part, patched
from prefdata.tables.identity import Occurrences, hash_messages, hash_tuple
from prefdata.tables.messages import message, messages_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.protocols import RawFile

__all__ = ["ANNOTATOR", "SOURCE", "annotator", "rebuild", "tables_of"]

SOURCE = "ultrafeedback-binarized"
ANNOTATOR = f"{SOURCE}:gpt-4"
_LICENSE = "MIT"
_BENCHMARKS = {"benchmark-truthful-qa": "truthful_qa", "benchmark-false-qa": "false_qa"}


def tables_of(
    part: Part, both: pl.DataFrame, raw: RawFile, split: str | None, repeats: Occurrences
) -> dict[str, pl.DataFrame]:
    """Make prompts, responses, judgments and flags of rows in common columns.

    Args:
        part: Where the rows come from.
        both: What `common_columns` made of them.
        raw: Their file.
        split: Name of the split that the file is.
        repeats: Equal rows of all files so far.
    """
    columns = tuple(part.table.column_names)
    origin = {
        "source": pl.lit(SOURCE),
        "revision": pl.lit(raw.revision, pl.String),
        "file": pl.lit(raw.name),
        "row": pl.col("row"),
    }
    is_talk, *_ = json.loads(part.shape.note)
    rows = _with_prompt(both, columns, is_talk=is_talk)
    rows = rows.with_columns(
        hash_messages(rows["asked"]).alias("asked_hash"),
        *(hash_messages(rows[f"{side}_tail"]).alias(f"{side}_hash") for side in SIDES),
    )
    # The same pair in two publications or splits is two rows: form and split are in the key.
    place = (pl.lit(split, pl.String), pl.lit(part.shape.note), "subset")
    keys = hash_tuple(rows, *place, "asked_hash", "chosen_hash", "rejected_hash")
    rows = rows.with_columns((f"{SOURCE}:" + repeats.suffix(keys)).alias("prompt_id"))
    prompts = rows.select(
        "prompt_id",
        "subset",
        "raw",
        split=pl.lit(split, pl.String),
        turn=(pl.col("asked").list.len() // 2).cast(pl.Int32),
        messages="asked",
        license=pl.lit(_LICENSE),
        content_hash="asked_hash",
        **origin,
    )
    tables = {
        "prompts": prompts,
        "responses": _responses(rows, origin),
        "judgments": _judgments(rows, columns, origin),
        "flags": _flags_of(rows, columns),
    }
    return {name: conform(frame, table_schema(name)) for name, frame in tables.items()}


def _with_prompt(both: pl.DataFrame, columns: tuple[str, ...], *, is_talk: bool) -> pl.DataFrame:
    """Add ``asked`` (the prompt's messages), the tails of both sides, and ``raw``.

    Where the two sides have no beginning in common, the prompt is what the prompt's own column
    says, and each side keeps all its messages.
    """
    size, text = pl.col("size"), pl.col("prompt_text")
    rows = both.with_columns(
        beginning=pl.col("chosen").list.head(size),
        **{f"{side}_tail": pl.col(side).list.slice(size) for side in SIDES},
    )
    own = messages_of(message("user", "prompt_text"))
    is_own = (size == 0) & text.is_not_null()
    rows = rows.with_columns(asked=pl.when(is_own).then(own).otherwise("beginning"))
    last = pl.col("asked").list.last().struct.field("content")
    said = pl.col("messages")
    # Copies of messages become pointers, so that no text stands twice.
    pointer = (
        pl.when(said.eq_missing(pl.col("chosen")))
        .then(pl.lit("chosen"))
        .when(said.eq_missing(pl.col("beginning")))
        .then(pl.lit("beginning"))
    )
    meaning = meaning_of(columns)
    rows = rows.with_columns(
        is_told=(last == text).fill_null(value=False) if meaning.prompt else pl.lit(value=True),
        same=pointer if "messages" in columns else pl.lit(None, pl.String),
    )
    has_same = pl.col("same").is_not_null() if "messages" in columns else pl.lit(value=True)
    is_plain = (size > 0) & pl.col("is_told") & has_same & pl.col("patch").is_null()
    plain = [pl.lit(list(columns)).alias("columns"), pl.lit(not is_talk).alias("texts")]
    plain += [pl.col("same")] if "messages" in columns else []
    plain += [pl.col("rest")] if meaning.rest else []
    odd = [
        (size == 0).alias("apart"),
        pl.when(~pl.col("is_told")).then("prompt_text").alias("prompt"),
        pl.col("is_told").alias("told"),
        pl.when(pl.col("same").is_null()).then("messages").alias("messages"),
        pl.col("patch"),
    ]
    return rows.with_columns(
        raw=pl.when(is_plain)
        .then(pl.struct(*plain).struct.json_encode())
        .otherwise(pl.struct(*plain, *odd).struct.json_encode())
    )


def _responses(rows: pl.DataFrame, origin: Mapping[str, pl.Expr]) -> pl.DataFrame:
    key = pl.col("prompt_id")
    sides = [
        rows.select(
            "prompt_id",
            response_id=key + f"/{side}",
            messages=f"{side}_tail",
            text=pl.col(f"{side}_tail").list.last().struct.field("content"),
            model=f"model_{side}",
            license=pl.lit(_LICENSE),
            content_hash=f"{side}_hash",
            **origin,
        )
        for side in SIDES
    ]
    # Both responses of a prompt stand next to each other, so that they are read together.
    return pl.concat(sides).sort("row", maintain_order=True)


def _judgments(
    rows: pl.DataFrame, columns: tuple[str, ...], origin: Mapping[str, pl.Expr]
) -> pl.DataFrame:
    meaning = meaning_of(columns)
    key = pl.col("prompt_id")
    scores = [pl.col(f"score_{side}") for side in SIDES]
    is_scored = pl.any_horizontal(score.is_not_null() for score in scores)
    return rows.select(
        "prompt_id",
        judgment_id=key + f"/gpt-4/{meaning.aspect}",
        annotator_id=pl.lit(ANNOTATOR),
        aspect=pl.lit(meaning.aspect),
        protocol=pl.lit("pairwise"),
        outcome=pl.lit("chosen"),
        response_ids=pl.concat_list(*(key + f"/{side}" for side in SIDES)),
        is_order_known=pl.lit(value=False),
        chosen=pl.lit([True, False], pl.List(pl.Boolean)),
        scores=pl.when(is_scored).then(pl.concat_list(*scores)),
        scale_min=pl.when(is_scored).then(1.0),
        scale_max=pl.when(is_scored).then(meaning.scale_max),
        **origin,
    )


def annotator(raw: RawFile) -> pl.DataFrame:
    """Make the one annotator."""
    frame = pl.DataFrame(
        {
            "annotator_id": [ANNOTATOR],
            "source": [SOURCE],
            "kind": ["model"],
            "model": ["gpt-4"],
            "revision": [raw.revision],
            "file": [raw.name],
        },
        schema_overrides={"revision": pl.String},
    )
    return conform(frame, table_schema("annotators"))


def _flags_of(rows: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    aspect = meaning_of(columns).aspect
    prompt = pl.col("prompt_id")
    judgment = prompt + f"/gpt-4/{aspect}"
    scores = [pl.col(f"score_{side}") for side in SIDES]
    found = [
        (
            "judgments",
            judgment,
            "tied-scores",
            scores[0] == scores[1],
            pl.format("both have {}", scores[0]),
        ),
        (
            "judgments",
            judgment,
            "identical-responses",
            pl.col("chosen_hash") == pl.col("rejected_hash"),
            pl.lit("chosen and rejected are the same text"),
        ),
        (
            "prompts",
            prompt,
            "no-shared-prompt",
            pl.col("size") == 0,
            pl.lit("chosen and rejected begin with different messages"),
        ),
    ]
    for side in SIDES:
        text = pl.col(f"{side}_tail").list.last().struct.field("content")
        empty = pl.lit("the text is empty")
        found.append(("responses", prompt + f"/{side}", "empty-response", text == "", empty))
    for flag, subset in _BENCHMARKS.items():
        reason = pl.lit(f"the instruction is from {subset}")
        found.append(("prompts", prompt, flag, pl.col("subset") == subset, reason))
    return pl.concat(
        rows.filter(is_found).select(
            id=key,
            source=pl.lit(SOURCE),
            subject=pl.lit(subject),
            flag=pl.lit(flag),
            reason=reason,
            stage=pl.lit("ingest"),
        )
        for subject, key, flag, is_found, reason in found
    )


def rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the raw rows of all files, in row order."""
    key = pl.col("response_id")
    rows = tables["prompts"].join(
        tables["judgments"].select("prompt_id", "scores"), on="prompt_id", how="left"
    )
    for side in SIDES:
        answers = tables["responses"].filter(key.str.ends_with(f"/{side}"))
        columns = {side: "messages", f"model_{side}": "model"}
        rows = rows.join(answers.select("prompt_id", **columns), on="prompt_id", how="left")
    files: dict[str, list[dict[str, Any]]] = {}
    # A loop over rows: this is the proof that nothing is lost, not a hot path.
    for row in rows.sort("file", "row").iter_rows(named=True):
        files.setdefault(row["file"], []).append(_row(row))
    return files


def _row(row: dict[str, Any]) -> dict[str, Any]:
    raw = json.loads(row["raw"])
    meaning = meaning_of(tuple(raw["columns"]))
    beginning = [] if raw.get("apart") else row["messages"]
    scores = dict(zip(SIDES, row["scores"] or (None, None), strict=True))
    rebuilt: dict[str, Any] = dict(raw.get("rest") or {})
    for side in SIDES:
        talk = _copy([*beginning, *row[side]])
        name = meaning.texts[side]
        rebuilt[name or side] = row[side][-1]["content"] if raw["texts"] else talk
        for column, value in (
            (meaning.scores, scores[side]),
            (meaning.models, row[f"model_{side}"]),
        ):
            if column[side]:
                rebuilt[str(column[side])] = value
    if meaning.has_metadata:
        rebuilt["metadata"] = {f"score_{side}": scores[side] for side in SIDES}
    if meaning.prompt:
        is_told = raw.get("told", True)
        rebuilt[meaning.prompt] = row["messages"][-1]["content"] if is_told else raw["prompt"]
    if "source" in raw["columns"]:
        rebuilt["source"] = row["subset"]
    if "messages" in raw["columns"]:
        same = {"chosen": [*beginning, *row["chosen"]], "beginning": beginning}
        rebuilt["messages"] = _copy(same[raw["same"]]) if raw["same"] else raw["messages"]
    return patched(rebuilt, json.loads(raw.get("patch") or "[]"))


def _copy(talk: list[dict[str, str]]) -> list[dict[str, str]]:
    """Copy messages, so that a patch of one list does not reach another."""
    return [dict(turn) for turn in talk]
