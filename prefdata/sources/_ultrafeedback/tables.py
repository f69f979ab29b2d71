"""Canonical tables of nested UltraFeedback rows, their known defects, and the way back to rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.sources._ultrafeedback.nested import ASPECTS, FINE, TYPED, Flat
from prefdata.sources._ultrafeedback.rows import Part, patched
from prefdata.tables.identity import Occurrences, encode, hash_texts, hash_tuple
from prefdata.tables.messages import message, messages_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from prefdata.protocols import RawFile

__all__ = ["ANNOTATOR", "MODELS", "SOURCE", "annotator", "flags_of", "rebuild", "tables_of"]

SOURCE = "ultrafeedback"
ANNOTATOR = f"{SOURCE}:gpt-4"
_LICENSE = "MIT"
# fmt: off
MODELS = frozenset({
    "alpaca-7b", "bard", "falcon-40b-instruct", "gpt-3.5-turbo", "gpt-4", "llama-2-7b-chat",
    "llama-2-13b-chat", "llama-2-70b-chat", "mpt-30b-chat", "pythia-12b", "starchat",
    "ultralm-13b", "ultralm-65b", "vicuna-33b", "wizardlm-7b", "wizardlm-13b", "wizardlm-70b",
})
"""The 17 models of the published data."""
_SOURCES = frozenset({
    "evol_instruct", "false_qa", "flan", "sharegpt", "truthful_qa", "ultrachat",
    "flan_v2_niv2", "flan_v2_cot", "flan_v2_p3", "flan_v2_flan2021",
})
# fmt: on
_TOP_SCORE = 10
_ABSENT_FINE = f'"{FINE}"'
_SCALES = {"overall": 10.0, "fine-grained": 5.0} | dict.fromkeys(ASPECTS, 5.0)


def tables_of(
    part: Part, flat: Flat, raw: RawFile, repeats: Occurrences
) -> dict[str, pl.DataFrame]:
    """Make prompts, responses and judgments of the rows of a part."""
    origin = {
        "source": pl.lit(SOURCE),
        "revision": pl.lit(raw.revision, pl.String),
        "file": pl.lit(raw.name),
        "row": pl.col("row"),
    }
    answers = flat.frame.with_columns(
        content_hash=hash_tuple(flat.frame, pl.lit("assistant"), "text"),
    )
    rows = _rows(part).with_columns(size=pl.Series(flat.sizes))
    # What makes a row is the instruction and the answers, not what was said of them: the
    # corrected vintage has the ids of the first.
    inner = hash_tuple(answers, "model", "system", "content_hash")
    rows = rows.with_columns(answers=flat.lists(inner).list.join(""))
    ids = SOURCE + ":" + repeats.suffix(hash_tuple(rows, "source", "instruction", "answers"))
    rows = rows.with_columns(prompt_id=ids)
    responses = answers.with_columns(
        prompt_id=rows["prompt_id"].gather(answers["index"]),
        row=rows["row"].gather(answers["index"]),
    ).select(
        "prompt_id",
        "content_hash",
        "text",
        "model",
        "system",
        response_id=pl.format("{}/{}", "prompt_id", "position"),
        position=pl.col("position").cast(pl.Int32),
        messages=messages_of(message("assistant", "text")),
        license=pl.lit(_LICENSE),
        raw=pl.when(pl.col("principle").is_not_null()).then(
            pl.struct("principle").struct.json_encode()
        ),
        **origin,
    )
    rows = rows.with_columns(response_ids=flat.lists(responses["response_id"]))
    tables = {
        "prompts": _prompts(rows, origin),
        "responses": responses,
        "judgments": pl.concat(_judgments(rows, flat, origin)),
    }
    return {name: conform(frame, table_schema(name)) for name, frame in tables.items()}


def _rows(part: Part) -> pl.DataFrame:
    frame = pl.from_arrow(part.table.drop_columns(["completions"]))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - narrows the type; a table gives a frame
    patches = pl.Series("patch", part.patches or [None] * len(part.rows), dtype=pl.String)
    return frame.with_columns(
        patches, pl.Series("row", part.rows), form=pl.lit(part.shape.note or None, pl.String)
    )


def _prompts(rows: pl.DataFrame, origin: Mapping[str, pl.Expr]) -> pl.DataFrame:
    known = ("models", "correct_answers", "incorrect_answers")
    # Without completions there is nothing that could have a form.
    form = pl.when(pl.col("size") > 0).then("form").alias("form")
    is_plain = form.is_null() & pl.col("patch").is_null()
    return rows.select(
        "prompt_id",
        subset="source",
        turn=pl.lit(0, pl.Int32),
        messages=messages_of(message("user", "instruction")),
        license=pl.lit(_LICENSE),
        content_hash=hash_texts(
            rows.select(encode(pl.lit("user"), "instruction").alias("text")).to_series()
        ),
        raw=pl.when(is_plain)
        .then(pl.struct(*known).struct.json_encode())
        .otherwise(pl.struct(*known, form, "patch").struct.json_encode()),
        **origin,
    )


def _judgments(rows: pl.DataFrame, flat: Flat, origin: Mapping[str, pl.Expr]) -> list[pl.DataFrame]:
    """Make one judgment per row and aspect; where nothing at all was said there is none."""
    frames = []
    for aspect, top in _SCALES.items():
        columns = {"scores": flat.lists(flat.frame[aspect])}
        said = [pl.Series(aspect, flat.frame[aspect]).is_not_null()]
        if aspect == "overall":
            texts = {"raw_values": "overall_text", "comments": "critique"}
        else:
            keys = {"raw_values": "Rating", "comments": "Rationale"} if aspect in ASPECTS else {}
            texts = {column: f"{aspect}.{key}" for column, key in keys.items()}
        more = ("Rationale For Rating", "Type") if aspect in TYPED else ()
        for column, name in (*texts.items(), *((key, f"{aspect}.{key}") for key in more)):
            array = flat.columns[name]
            if array.null_count < len(array) or not len(array):
                columns[column] = flat.lists(array)
                said.append(pl.Series(array.is_valid()))
            else:
                columns[column] = pl.repeat(None, rows.height, dtype=pl.List(pl.String), eager=True)
        is_said = flat.lists(np.logical_or.reduce([s.to_numpy() for s in said])).list.any()
        frame = rows.select("prompt_id", "row", "response_ids").with_columns(
            **columns, is_said=is_said
        )
        raw = pl.struct(*more).struct.json_encode() if more else pl.lit(None, pl.String)
        absent = pl.lit(None, pl.List(pl.String))
        frames.append(
            frame.filter("is_said").select(
                "prompt_id",
                "response_ids",
                "scores",
                judgment_id=pl.col("prompt_id") + f"/gpt-4/{aspect}",
                annotator_id=pl.lit(ANNOTATOR),
                aspect=pl.lit(aspect),
                protocol=pl.lit("rating"),
                is_order_known=pl.lit(value=False),
                raw_values=pl.col("raw_values") if "raw_values" in columns else absent,
                comments=pl.col("comments") if "comments" in columns else absent,
                scale_min=pl.lit(1.0),
                scale_max=pl.lit(top),
                raw=raw,
                **origin,
            )
        )
    return frames


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


def flags_of(
    part: Part, flat: Flat, tables: Mapping[str, pl.DataFrame], benchmark: Collection[str]
) -> pl.DataFrame:
    """Flag what is known to be wrong or special.

    Args:
        part: The rows.
        flat: Their completions, in the same order.
        tables: What `tables_of` made of them.
        benchmark: The instructions of TruthfulQA among the files of this ingest.
    """
    prompts = (
        tables["prompts"]
        .select(id="prompt_id", subset="subset")
        .with_columns(
            size=pl.Series(flat.sizes),
            instruction=pl.Series(part.table.column("instruction")),
        )
    )
    is_truthful = (pl.col("subset") == "truthful_qa") | pl.col("instruction").is_in(list(benchmark))
    is_old = pl.lit(_ABSENT_FINE in part.shape.note) & (pl.col("size") > 0)
    found = [
        _flags(
            prompts,
            "prompts",
            flag,
            is_found,
            pl.lit(reason) if isinstance(reason, str) else reason,
        )
        for flag, is_found, reason in (
            ("benchmark-truthful-qa", is_truthful, "the instruction is in TruthfulQA"),
            ("benchmark-false-qa", pl.col("subset") == "false_qa", "the instruction is in FalseQA"),
            ("few-completions", pl.col("size") < 2, pl.format("{} completions, not 4", "size")),  # noqa: PLR2004 - a pair
            ("no-fine-grained-score", is_old, "from before the correction of December 2023"),
            (
                "unknown-source",
                ~pl.col("subset").is_in(_SOURCES),
                pl.format("'{}' is no published source", "subset"),
            ),
        )
    ]
    mean = pl.coalesce("fine-grained", pl.mean_horizontal(*ASPECTS))
    answers = flat.frame.with_columns(id=tables["responses"]["response_id"], mean=mean)
    is_ten = pl.col("overall") == _TOP_SCORE
    # The correction's own cuts: up to 2 a ten was a one, up to 4 it was asked again.
    is_sure = pl.col("mean") <= 2  # noqa: PLR2004
    about = pl.when(is_sure).then(pl.lit("surely a 1")).otherwise(pl.lit("possibly a 1"))
    found += [
        _flags(
            answers,
            "responses",
            "overall-score-defect",
            is_ten & (pl.col("mean") <= 4),  # noqa: PLR2004
            pl.format("overall score 10 with a mean rating of {}: {}", "mean", about),
            pl.when(is_sure).then(1.0).otherwise(0.5),
        ),
        _flags(
            answers,
            "responses",
            "unknown-model",
            ~pl.col("model").is_in(MODELS).fill_null(value=False),
            pl.format("'{}' is none of the 17 published models", pl.col("model").fill_null("")),
        ),
        _flags(
            answers,
            "responses",
            "empty-response",
            pl.col("text") == "",
            pl.lit("the text is empty"),
        ),
    ]
    return conform(pl.concat(found), table_schema("flags"))


def _flags(
    frame: pl.DataFrame,
    subject: str,
    flag: str,
    is_found: pl.Expr,
    reason: pl.Expr,
    value: pl.Expr | None = None,
) -> pl.DataFrame:
    return frame.filter(is_found).select(
        "id",
        source=pl.lit(SOURCE),
        subject=pl.lit(subject),
        flag=pl.lit(flag),
        value=pl.lit(None, pl.Float64) if value is None else value,
        reason=reason,
        stage=pl.lit("ingest"),
    )


def rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the raw rows of all files, in row order."""
    files: dict[str, list[dict[str, Any]]] = {}
    # A loop over rows: this is the proof that nothing is lost, not a hot path. By file, because
    # all of it as Python objects would take several times the size of the data.
    for (file,), prompts in (
        tables["prompts"].sort("file", "row").group_by("file", maintain_order=True)
    ):
        here = pl.col("file") == file
        answers: dict[str, list[dict[str, Any]]] = {}
        responses = tables["responses"].filter(here).sort("prompt_id", "position")
        for row in responses.iter_rows(named=True):
            answers.setdefault(row["prompt_id"], []).append(row)
        said = {
            (row["prompt_id"], row["aspect"]): row
            for row in tables["judgments"].filter(here).iter_rows(named=True)
        }
        files[str(file)] = [
            _row(prompt, answers.get(prompt["prompt_id"], []), said)
            for prompt in prompts.iter_rows(named=True)
        ]
    return files


def _row(
    prompt: dict[str, Any],
    answers: list[dict[str, Any]],
    said: dict[tuple[str, str], dict[str, Any]],
) -> dict[str, Any]:
    raw = json.loads(prompt["raw"])
    form = json.loads(raw.pop("form", None) or "{}")
    patch = json.loads(raw.pop("patch", None) or "[]")
    own = {aspect: said.get((prompt["prompt_id"], aspect), {}) for aspect in _SCALES}
    more = {aspect: json.loads(own[aspect].get("raw") or "{}") for aspect in TYPED}

    def value(aspect: str, column: str, index: int) -> Any:
        values = own[aspect].get(column)
        return None if values is None else values[index]

    completions = []
    for index, answer in enumerate(answers):
        score = value("overall", "raw_values", index)
        completion: dict[str, Any] = {
            "model": answer["model"],
            "principle": json.loads(answer["raw"])["principle"] if answer["raw"] else None,
            "custom_system_prompt": answer["system"],
            "response": answer["text"],
            "critique": value("overall", "comments", index),
            "overall_score": value("overall", "scores", index) if score is None else score,
            FINE: value("fine-grained", "scores", index),
            "annotations": {},
        }
        for name in form.get("absent", ()):
            del completion[name]
        for aspect in ASPECTS:
            note = {
                "Rating": value(aspect, "raw_values", index),
                "Rationale": value(aspect, "comments", index),
            }
            if aspect in TYPED:
                for key in ("Rationale For Rating", "Type"):
                    note[key] = more[aspect][key][index] if more[aspect].get(key) else None
            is_array = form.get("annotations") == "array"
            completion["annotations"][aspect] = [note] if is_array else note
        completions.append(completion)
    row = {"source": prompt["subset"], "instruction": prompt["messages"][0]["content"]}
    return patched({**row, **raw, "completions": completions}, patch)
