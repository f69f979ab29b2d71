"""Red-team transcripts of HH-RLHF: one conversation, one rating by the person who attacked."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from prefdata.schema import conform, table_schema
from prefdata.sources._hh_rlhf.pairs import SOURCE, join_turns, split_turns
from prefdata.tables.bundle import Bundle
from prefdata.tables.identity import Occurrences, hash_messages, hash_tuple
from prefdata.tables.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.protocols import RawFile
    from prefdata.tables.raw import RawChunk

__all__ = ["SCHEMA", "Annotators", "bundle", "normalize", "rebuild"]

SCHEMA = pa.schema(
    [
        ("transcript", pa.string()),
        ("min_harmlessness_score_transcript", pa.float64()),
        ("num_params", pa.string()),
        ("model_type", pa.string()),
        ("rating", pa.float64()),
        ("task_description", pa.string()),
        # Spelt without the second i in the published file; the card spells it right.
        ("task_descripton_harmlessness_score", pa.float64()),
        ("red_team_member_id", pa.int64()),
        ("is_upworker", pa.bool_()),
        ("tags", pa.list_(pa.string())),
    ]
)
_SUBSET = "red-team-attempts"
_ASPECT = "attack-success"
_SCALE = (0.0, 4.0)
_OWN_COLUMNS = ("transcript", "rating", "red_team_member_id")
_LEFT = [name for name in SCHEMA.names if name not in _OWN_COLUMNS]


def normalize(row: dict[str, Any]) -> dict[str, Any]:
    """Accept ``num_params`` as a number, which other copies of the file hold."""
    if isinstance(row.get("num_params"), int | float) and not isinstance(row["num_params"], bool):
        return {**row, "num_params": str(row["num_params"]), "num_params_type": "number"}
    return row


class Annotators:
    """Red-team members seen so far; each becomes one row."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._seen: set[str] = set()

    def new(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of annotators not seen before."""
        fresh = rows.unique("annotator_id", keep="first", maintain_order=True).filter(
            ~pl.col("annotator_id").is_in(list(self._seen))
        )
        self._seen.update(fresh["annotator_id"])
        return fresh


def bundle(
    chunk: RawChunk, raw: RawFile, *, repeats: Occurrences, annotators: Annotators
) -> Bundle:
    """Turn one stretch of the red-team file into canonical tables."""
    frame = chunk.frame.with_columns(name=pl.lit(raw.name))
    shown: list[str | pl.Expr] = [
        "name",
        "transcript",
        "task_description",
        pl.col("red_team_member_id").cast(pl.String),
    ]
    ids = f"{SOURCE}:red-team-" + repeats.suffix(hash_tuple(frame, *shown))
    rows = (
        _split(frame)
        .with_columns(ids.alias("conversation_id"))
        .with_columns(
            prompt_id=pl.col("conversation_id") + "/last",
            annotator_id=pl.lit(f"{SOURCE}:red-team-member-")
            + pl.col("red_team_member_id").cast(pl.String).fill_null("unknown"),
        )
    )
    origin = {
        "source": pl.lit(SOURCE),
        "revision": pl.lit(raw.revision, pl.String),
        "file": pl.lit(raw.name),
        "row": pl.col("row"),
    }
    tables = {
        "annotators": _annotators(annotators.new(rows), origin),
        "conversations": _conversations(rows, origin),
        "prompts": _prompts(rows, origin),
        "responses": _responses(rows, origin),
        "judgments": _judgments(rows, origin),
    }
    return Bundle(file=raw.name, rows_in=chunk.rows_in, tables=tables, rejects=chunk.rejects)


def _split(frame: pl.DataFrame) -> pl.DataFrame:
    """Add ``prompt``, ``answer`` (messages) and ``whole`` (transcripts that do not rejoin)."""
    done: list[dict[str, Any]] = []
    # A loop over rows: 39,000 transcripts, and many of them do not alternate.
    for transcript in frame["transcript"]:
        turns = split_turns(transcript)
        whole = None if turns is not None and join_turns(turns) == transcript else transcript
        turns = turns or [{"role": "assistant", "content": transcript}]
        done.append({"prompt": turns[:-1], "answer": turns[-1:], "whole": whole})
    split = pl.DataFrame(
        done, schema={"prompt": MESSAGES, "answer": MESSAGES, "whole": pl.String()}
    )
    return frame.hstack(split)


def _annotators(rows: pl.DataFrame, origin: dict[str, pl.Expr]) -> pl.DataFrame:
    people = rows.select(
        "annotator_id",
        kind=pl.when(pl.col("red_team_member_id").is_null())
        .then(pl.lit("group"))
        .otherwise(pl.lit("human")),
        pool=pl.when("is_upworker").then(pl.lit("upwork")).otherwise(pl.lit("mturk")),
        **origin,
    )
    return conform(people, table_schema("annotators"))


def _conversations(rows: pl.DataFrame, origin: dict[str, pl.Expr]) -> pl.DataFrame:
    left = pl.struct(*_LEFT, pl.col("whole").alias("transcript"), "extra").struct.json_encode()
    conversations = rows.select(
        "conversation_id",
        "annotator_id",
        subset=pl.lit(_SUBSET),
        kind=pl.lit("red-team"),
        language=pl.lit("en"),
        topic=pl.col("tags").list.first(),
        n_turns=(pl.col("prompt").list.len() + 1).cast(pl.Int32) // 2,
        raw=left,
        **origin,
    )
    return conform(conversations, table_schema("conversations"))


def _prompts(rows: pl.DataFrame, origin: dict[str, pl.Expr]) -> pl.DataFrame:
    prompts = rows.select(
        "prompt_id",
        "conversation_id",
        subset=pl.lit(_SUBSET),
        turn=(pl.col("prompt").list.len() // 2).cast(pl.Int32),
        messages="prompt",
        language=pl.lit("en"),
        license=pl.lit("MIT"),
        content_hash=hash_messages(rows["prompt"]),
        **origin,
    )
    return conform(prompts, table_schema("prompts"))


def _responses(rows: pl.DataFrame, origin: dict[str, pl.Expr]) -> pl.DataFrame:
    responses = rows.select(
        "prompt_id",
        response_id=pl.col("prompt_id") + "/answer",
        position=pl.lit(0, pl.Int32),
        messages="answer",
        text=pl.col("answer").list.last().struct.field("content"),
        model=pl.concat_str("model_type", "num_params", separator=" "),
        license=pl.lit("MIT"),
        content_hash=hash_messages(rows["answer"]),
        **origin,
    )
    return conform(responses, table_schema("responses"))


def _judgments(rows: pl.DataFrame, origin: dict[str, pl.Expr]) -> pl.DataFrame:
    judgments = rows.select(
        "prompt_id",
        "annotator_id",
        judgment_id=pl.col("prompt_id") + f"/{_ASPECT}",
        aspect=pl.lit(_ASPECT),
        protocol=pl.lit("likert"),
        response_ids=pl.concat_list(pl.col("prompt_id") + "/answer"),
        is_order_known=pl.lit(value=True),
        # A bare NaN is how a data frame writes a missing number.
        scores=pl.concat_list(pl.col("rating").fill_nan(None)),
        raw_values=pl.when(pl.col("rating").is_nan()).then(pl.lit(["NaN"], pl.List(pl.String))),
        scale_min=pl.lit(_SCALE[0]),
        scale_max=pl.lit(_SCALE[1]),
        **origin,
    )
    return conform(judgments, table_schema("judgments"))


def rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the rows of the red-team file, in row order."""
    conversations = tables.get("conversations")
    if conversations is None or conversations.is_empty():
        return {}
    prompts = tables["prompts"].filter(pl.col("subset") == _SUBSET)
    rows = (
        conversations.select("conversation_id", "annotator_id", "raw", "file", "row")
        .join(
            prompts.select("conversation_id", "prompt_id", prompt="messages"), on="conversation_id"
        )
        .join(tables["responses"].select("prompt_id", answer="messages"), on="prompt_id")
        .join(tables["judgments"].select("prompt_id", "scores", "raw_values"), on="prompt_id")
    )
    files: dict[str, list[dict[str, Any]]] = {}
    # A loop over rows: this is the proof that nothing is lost, not a hot path.
    for row in rows.sort("file", "row").iter_rows(named=True):
        left = json.loads(row["raw"])
        extra = left.pop("extra")
        member = row["annotator_id"].rsplit("-", 1)[1]
        whole = left | {
            "transcript": left["transcript"] or join_turns([*row["prompt"], *row["answer"]]),
            "rating": math.nan if row["raw_values"] else row["scores"][0],
            "red_team_member_id": None if member == "unknown" else int(member),
            **(json.loads(extra) if extra else {}),
        }
        if whole.pop("num_params_type", None):
            whole["num_params"] = json.loads(whole["num_params"])
        files.setdefault(row["file"], []).append(whole)
    return files
