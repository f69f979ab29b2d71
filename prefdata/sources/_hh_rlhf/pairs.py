"""Pairs of transcripts of HH-RLHF: to canonical tables, and back to the byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.tables.bundle import Bundle
from prefdata.tables.coerce import to_json
from prefdata.tables.identity import Occurrences, encode_messages, hash_texts, hash_tuple
from prefdata.tables.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.protocols import RawFile
    from prefdata.tables.raw import RawChunk

__all__ = ["GROUP", "MARKERS", "SOURCE", "bundle", "join_turns", "rebuild", "split_turns"]

SOURCE = "hh-rlhf"
GROUP = "hh-rlhf:crowdworkers"
MARKERS = {"user": "\n\nHuman:", "assistant": "\n\nAssistant:"}
_ASSISTANT = MARKERS["assistant"]
# A character that stands for a marker while splitting; rows that hold it go the slow way.
_CUT = "\x1e"
_ASPECTS = {"harmless-base": "harmlessness", "unknown": "overall"}


def split_turns(transcript: str) -> list[dict[str, str]] | None:
    """Split one transcript into messages; None if it does not start with a role marker."""
    cut = transcript.replace(MARKERS["user"], f"{_CUT}u").replace(_ASSISTANT, f"{_CUT}a")
    if transcript.count(_CUT) or not cut.startswith(_CUT):
        return None
    turns = []
    for turn in cut.split(_CUT)[1:]:
        role = "user" if turn[0] == "u" else "assistant"
        turns.append({"role": role, "content": turn[1:].removeprefix(" ")})
    return turns


def join_turns(messages: list[dict[str, str]]) -> str:
    """Join messages into a transcript; the way back of `split_turns`."""
    return "".join(f"{MARKERS[turn['role']]} {turn['content']}" for turn in messages)


def bundle(
    chunk: RawChunk,
    raw: RawFile,
    *,
    subset: str,
    split: str,
    repeats: Occurrences,
    with_group: bool,
) -> Bundle:
    """Turn one stretch of a pair file into canonical tables."""
    rows = _turns(chunk.frame)
    rows = rows.with_columns(
        hash_texts(rows.select(encode_messages(side)).to_series()).alias(f"{side}_hash")
        for side in ("prompt", "chosen", "rejected")
    )
    # A row is named by its file and its texts; what only `raw` tells apart counts as a repeat.
    keys = hash_tuple(rows, pl.lit(raw.name), "prompt_hash", "chosen_hash", "rejected_hash")
    rows = rows.with_columns((f"{SOURCE}:" + repeats.suffix(keys)).alias("prompt_id"))
    origin = {
        "source": pl.lit(SOURCE),
        "revision": pl.lit(raw.revision, pl.String),
        "file": pl.lit(raw.name),
        "row": pl.col("row"),
    }
    prompts = rows.select(
        "prompt_id",
        "raw",
        subset=pl.lit(None if subset == "unknown" else subset, pl.String),
        split=pl.lit(split),
        turn=(pl.col("prompt").list.len() // 2).cast(pl.Int32),
        messages="prompt",
        language=pl.lit("en"),
        license=pl.lit("MIT"),
        content_hash="prompt_hash",
        **origin,
    )
    tables = {
        "prompts": conform(prompts, table_schema("prompts")),
        "responses": _responses(rows, origin),
        "judgments": _judgments(rows, subset, origin),
    }
    if with_group:
        tables["annotators"] = _group(raw)
    return Bundle(file=raw.name, rows_in=chunk.rows_in, tables=tables, rejects=chunk.rejects)


def _turns(frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``row``, ``prompt``, ``chosen``, ``rejected`` (messages) and ``raw``."""
    # Each marker with its space becomes two characters: where the turn begins, and whose it is.
    cut = (
        pl.col("chosen")
        .str.replace_all(f"{MARKERS['user']} ", f"{_CUT}u", literal=True)
        .str.replace_all(f"{_ASSISTANT} ", f"{_CUT}a", literal=True)
    )
    last_bytes = pl.col("turns").list.last().str.len_bytes().cast(pl.Int64) + len(_ASSISTANT)
    begin_bytes = pl.col("chosen").str.len_bytes().cast(pl.Int64) - last_bytes
    binary = pl.col("rejected").cast(pl.Binary)
    seam = f"{_ASSISTANT} ".encode()
    beginning = pl.col("chosen").cast(pl.Binary).bin.head(pl.col("begin_bytes"))
    rows = (
        frame.with_columns(cut=cut)
        .with_columns(turns=pl.col("cut").str.split(_CUT))
        .with_columns(begin_bytes=pl.max_horizontal(begin_bytes, pl.lit(0)))
        .with_columns(has_beginning=binary.bin.starts_with(beginning))
        .with_columns(seam=binary.bin.slice(pl.col("begin_bytes"), len(_ASSISTANT) + 1))
        .with_columns(is_seamed=pl.col("has_beginning") & (pl.col("seam") == seam))
        .with_columns(
            # Elsewhere the cut may fall inside a character, and is not looked at.
            rest=pl.when("is_seamed")
            .then(binary.bin.slice(pl.col("begin_bytes") + len(_ASSISTANT) + 1))
            .otherwise(b"")
            .cast(pl.String),
        )
        .with_columns(
            is_regular=pl.col("is_seamed")
            & (pl.col("turns").list.len() > 2)  # noqa: PLR2004 - the empty start and two turns
            & (pl.col("turns").list.first() == "")
            & pl.col("turns").list.last().str.starts_with("a")
            & _has_no_marker(pl.col("cut"))
            & _has_no_marker(pl.col("rest"))
            & ~pl.col("chosen").str.contains(_CUT, literal=True)
            & pl.col("extra").is_null()
        )
    )
    regular = rows.filter("is_regular").select("row", *_regular())
    if regular.height == rows.height:
        return regular
    odd = rows.filter(~pl.col("is_regular")).select("row", "chosen", "rejected", "extra")
    # The odd rows follow the regular ones of their stretch; `row` tells where they stood.
    return pl.concat([regular, _irregular(odd)])


def _has_no_marker(text: pl.Expr) -> pl.Expr:
    markers = [text.str.contains(marker, literal=True) for marker in MARKERS.values()]
    return ~pl.any_horizontal(markers)


def _regular() -> list[pl.Expr]:
    turn = pl.element()
    role = pl.when(turn.str.starts_with("u")).then(pl.lit("user")).otherwise(pl.lit("assistant"))
    message = pl.struct(role=role, content=turn.str.slice(1))
    turns = pl.col("turns")
    prompt = turns.list.slice(1, turns.list.len() - 2).list.eval(message)
    answers = {"chosen": turns.list.last().str.slice(1), "rejected": pl.col("rest")}
    return [
        prompt.cast(MESSAGES).alias("prompt"),
        *(
            pl.concat_list(pl.struct(role=pl.lit("assistant"), content=answer))
            .cast(MESSAGES)
            .alias(side)
            for side, answer in answers.items()
        ),
        pl.lit(None, pl.String).alias("raw"),
    ]


def _irregular(rows: pl.DataFrame) -> pl.DataFrame:
    """Split the rows that do not follow the grammar; about 6 in 1,000 of the real ones."""
    done: list[dict[str, Any]] = []
    # A loop over rows: they are few, and each is odd in its own way.
    for row, chosen, rejected, extra in rows.iter_rows():
        a, b = split_turns(chosen), split_turns(rejected)
        raw: dict[str, Any] = json.loads(extra) if extra else {}
        if a is None or b is None or join_turns(a) != chosen or join_turns(b) != rejected:
            raw |= {"chosen": chosen, "rejected": rejected}
        a = a or [{"role": "assistant", "content": chosen}]
        b = b or [{"role": "assistant", "content": rejected}]
        shared = 0
        while shared < min(len(a), len(b)) - 1 and a[shared] == b[shared]:
            shared += 1
        done.append(
            {
                "row": row,
                "prompt": a[:shared],
                "chosen": a[shared:],
                "rejected": b[shared:],
                "raw": to_json(raw) if raw else None,
            }
        )
    return pl.DataFrame(
        done,
        schema={
            "row": pl.Int64(),
            "prompt": MESSAGES,
            "chosen": MESSAGES,
            "rejected": MESSAGES,
            "raw": pl.String(),
        },
    )


def _responses(rows: pl.DataFrame, origin: dict[str, pl.Expr]) -> pl.DataFrame:
    sides = [
        rows.select(
            "prompt_id",
            "row",
            messages=side,
            content_hash=f"{side}_hash",
            response_id=pl.col("prompt_id") + f"/{side}",
        )
        for side in ("chosen", "rejected")
    ]
    # Both responses of a prompt stand next to each other, so that they are read together.
    responses = (
        pl.concat(sides)
        .sort("row", maintain_order=True)
        .select(
            "response_id",
            "prompt_id",
            "messages",
            "content_hash",
            text=pl.col("messages").list.last().struct.field("content"),
            license=pl.lit("MIT"),
            **origin,
        )
    )
    return conform(responses, table_schema("responses"))


def _judgments(rows: pl.DataFrame, subset: str, origin: dict[str, pl.Expr]) -> pl.DataFrame:
    aspect = _ASPECTS.get(subset, "helpfulness")
    key = pl.col("prompt_id")
    judgments = rows.select(
        "prompt_id",
        judgment_id=key + f"/{aspect}",
        annotator_id=pl.lit(GROUP),
        aspect=pl.lit(aspect),
        protocol=pl.lit("pairwise"),
        outcome=pl.lit("chosen"),
        response_ids=pl.concat_list(key + "/chosen", key + "/rejected"),
        is_order_known=pl.lit(value=False),
        chosen=pl.lit([True, False], pl.List(pl.Boolean)),
        **origin,
    )
    return conform(judgments, table_schema("judgments"))


def _group(raw: RawFile) -> pl.DataFrame:
    group = pl.DataFrame(
        {
            "annotator_id": [GROUP],
            "source": [SOURCE],
            "kind": ["group"],
            "pool": ["crowdworkers"],
            "languages": [["en"]],
            "revision": [raw.revision],
            "file": [raw.name],
        }
    )
    return conform(group, table_schema("annotators"))


def rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble ``chosen`` and ``rejected`` of all pair files, byte for byte, in row order."""
    prompts = tables["prompts"].select("prompt_id", "messages", "raw", "file", "row")
    tails = tables["responses"].select("prompt_id", "response_id", tail="messages")
    sides = {
        side: tails.filter(pl.col("response_id").str.ends_with(f"/{side}")).select(
            "prompt_id", pl.col("tail").alias(side)
        )
        for side in ("chosen", "rejected")
    }
    rows = prompts.join(sides["chosen"], on="prompt_id").join(sides["rejected"], on="prompt_id")
    files: dict[str, list[dict[str, Any]]] = {}
    # A loop over rows: this is the proof that nothing is lost, not a hot path.
    for row in rows.sort("file", "row").iter_rows(named=True):
        whole = {
            side: join_turns([*row["messages"], *row[side]]) for side in ("chosen", "rejected")
        }
        whole |= json.loads(row["raw"]) if row["raw"] else {}
        files.setdefault(row["file"], []).append(whole)
    return files
