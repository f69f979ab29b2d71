"""The binarized configurations of MultiPref: one overall choice per comparison, by model or people.

Their rows name a chosen and a rejected transcript. Where the same comparison was read from the
default configuration, the choice becomes one more judgment of its two responses; otherwise the row
makes a prompt and responses of its own under ``multipref:<configuration>/<comparison id>``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.sources._multipref.shape import SOURCE, reject
from prefdata.sources._multipref.tables import LICENSE, Annotators, origin
from prefdata.tables.bundle import Bundle, concat_rejects
from prefdata.tables.identity import Occurrences, hash_messages, hash_tuple
from prefdata.tables.leftover import json_object
from prefdata.tables.messages import MESSAGES
from prefdata.tables.raw import RawChunk, drift
from prefdata.tables.seen import SeenIds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.protocols import RawFile

__all__ = ["JUDGES", "Choices", "Comparisons", "bundle", "rebuild"]

JUDGES: dict[str, dict[str, str | None]] = {
    "gpt4_overall_binarized": {
        "name": "gpt-4-turbo-2024-04-09",
        "kind": "model",
        "model": "gpt-4-turbo-2024-04-09",
        "pool": None,
    },
    "human_overall_binarized": {
        "name": "aggregated-workers",
        "kind": "group",
        "model": None,
        "pool": "normal and expert",
    },
}
"""Who chose, by configuration."""

_SIDES = ("chosen", "rejected")
_MIN_MESSAGES = 2


class Comparisons:
    """Digests of the comparisons read from the default configuration; some 10,000."""

    def __init__(self) -> None:
        """Start with none."""
        names = ("comparison_id", "prompt_hash", "hash_a", "hash_b")
        self.known = pl.DataFrame(schema=dict.fromkeys(names, pl.String()))

    def add(self, tables: Mapping[str, pl.DataFrame]) -> None:
        """Remember the prompts and responses of one stretch."""
        frame = tables["prompts"].select("prompt_id", prompt_hash="content_hash")
        for position, name in enumerate(("hash_a", "hash_b")):
            side = tables["responses"].filter(pl.col("position") == position)
            frame = frame.join(
                side.select("prompt_id", pl.col("content_hash").alias(name)), on="prompt_id"
            )
        ids = pl.col("prompt_id").str.strip_prefix(f"{SOURCE}:").alias("comparison_id")
        self.known = pl.concat([self.known, frame.select(ids, "prompt_hash", "hash_a", "hash_b")])


class Choices:
    """The rows of one binarized configuration read so far."""

    def __init__(self) -> None:
        """Start with none."""
        self.seen = SeenIds()
        self.repeats = Occurrences()


def bundle(
    chunk: RawChunk,
    raw: RawFile,
    kind: str,
    state: Choices,
    comparisons: Comparisons,
    annotators: Annotators,
) -> Bundle:
    """Turn one stretch of a binarized file into canonical tables."""
    frame = _shaped(chunk.frame, raw, kind, state)
    fault = _faults(frame)
    rows = frame.filter(fault.is_null())
    is_repeat = state.seen.is_repeat(rows["id"])
    repeats = rows.filter(is_repeat).with_columns(
        field=pl.lit("comparison_id"),
        rule=pl.lit("duplicate-id"),
        reason=pl.lit("the comparison was read before"),
    )
    bad = pl.concat([frame.hstack(fault.struct.unnest()).filter(fault.is_not_null()), repeats])
    rows = rows.filter(~is_repeat)
    state.seen.add(rows["id"])
    rows = _matched(_split(rows), comparisons, kind)
    own = rows.filter(~pl.col("is_known"))
    person = JUDGES[kind]
    named = rows.head(1).select(
        annotator_id=pl.lit(f"{SOURCE}:{person['name']}"),
        **{name: pl.lit(person[name], pl.String) for name in ("kind", "model", "pool")},
        **origin(raw),
    )
    tables = {
        "annotators": annotators.new(named),
        "prompts": conform(_prompts(own, raw, kind), table_schema("prompts")),
        "responses": conform(_responses(own, raw), table_schema("responses")),
        "judgments": conform(_judgments(rows, raw, kind), table_schema("judgments")),
    }
    rejects = concat_rejects([chunk.rejects, reject(bad, raw, key="id")])
    return Bundle(file=raw.name, rows_in=chunk.rows_in, tables=tables, rejects=rejects)


def _shaped(frame: pl.DataFrame, raw: RawFile, kind: str, state: Choices) -> pl.DataFrame:
    """Add ``id``, ``columns`` (JSON of what is not a transcript) and transcripts as messages."""
    for side in _SIDES:
        dtype = frame.schema[side]
        fields = dtype.inner.to_schema() if _is_transcript(dtype) else {}  # type: ignore[attr-defined]
        if set(fields) != {"role", "content"} or set(fields.values()) != {pl.String}:
            raise drift(
                f"The column {side} is {dtype}, not a list of messages with role and content.",
                file=raw.name,
            )
    others = [name for name in frame.columns if name not in {*_SIDES, "row", "extra"}]
    keys = [name for name in ("comparison_id", "id") if frame.schema.get(name) == pl.String]
    turn = pl.element()
    # The order of the fields in Parquet is the writer's.
    message = pl.struct(role=turn.struct.field("role"), content=turn.struct.field("content"))
    shaped = frame.select(
        *(pl.col(side).list.eval(message).cast(MESSAGES) for side in _SIDES),
        "row",
        model_chosen=_model(frame, "chosen"),
        model_rejected=_model(frame, "rejected"),
        columns=json_object(frame, fixed=others, file=raw.name),
        id=frame[keys[0]] if keys else pl.lit(None, pl.String),
    )
    native = pl.when(pl.col("id") != "").then("id")
    content = state.repeats.suffix(_content_ids(shaped, kind)).alias("content")
    return shaped.with_columns(pl.coalesce(native, content).alias("id"))


def _content_ids(rows: pl.DataFrame, kind: str) -> pl.Series:
    hashes = [hash_messages(rows[side]).alias(side) for side in _SIDES]
    return hash_tuple(pl.DataFrame(hashes), pl.lit(kind), *_SIDES)


def _is_transcript(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)


def _model(frame: pl.DataFrame, side: str) -> pl.Expr:
    names = [n for n in (f"{side}_model", f"model_{side}") if frame.schema.get(n) == pl.String]
    return pl.col(names[0]) if names else pl.lit(None, pl.String)


def _faults(frame: pl.DataFrame) -> pl.Series:
    """Return per row a struct of field, rule and reason; null where nothing is wrong."""
    lists = {side: pl.col(side).list for side in _SIDES}
    is_null = {
        side: items.eval(
            pl.element().struct.field("role").is_null()
            | pl.element().struct.field("content").is_null()
        ).list.any()
        for side, items in lists.items()
    }
    first = [items.first() for items in lists.values()]
    tests: list[tuple[str, str, str, pl.Expr]] = [
        *(
            (side, "too-short", "fewer than two messages", items.len() < _MIN_MESSAGES)
            for side, items in lists.items()
        ),
        *(
            (side, "missing-field", "a message without role or content", test)
            for side, test in is_null.items()
        ),
        (
            "rejected",
            "no-common-prompt",
            "the two transcripts begin with different messages",
            first[0] != first[1],
        ),
    ]
    found = [pl.when(test).then(_fault(field, rule, reason)) for field, rule, reason, test in tests]
    return frame.select(fault=pl.coalesce(found)).to_series()


def _fault(field: str, rule: str, reason: str) -> pl.Expr:
    return pl.struct(field=pl.lit(field), rule=pl.lit(rule), reason=pl.lit(reason))


def _split(rows: pl.DataFrame) -> pl.DataFrame:
    """Part transcripts into the common prompt and one tail per response."""
    heads = {side: pl.col(side).list.head(pl.col(side).list.len() - 1) for side in _SIDES}
    # Where the transcripts part early, only their first message is common for sure.
    shared = pl.when(heads["chosen"] == heads["rejected"]).then(pl.col("chosen").list.len() - 1)
    return rows.with_columns(n_shared=shared.otherwise(1)).with_columns(
        prompt=pl.col("chosen").list.head("n_shared"),
        **{f"{side}_tail": pl.col(side).list.slice(pl.col("n_shared")) for side in _SIDES},
    )


def _matched(rows: pl.DataFrame, comparisons: Comparisons, kind: str) -> pl.DataFrame:
    """Add ``prompt_id``, ``is_known`` and ``is_a`` (response a of the default was chosen)."""
    hashed = rows.with_columns(
        hash_messages(rows["prompt"]).alias("hash"),
        *(hash_messages(rows[f"{side}_tail"]).alias(f"{side}_hash") for side in _SIDES),
    ).join(
        comparisons.known, left_on="id", right_on="comparison_id", how="left", maintain_order="left"
    )
    chosen, rejected = pl.col("chosen_hash"), pl.col("rejected_hash")
    is_a = (chosen == pl.col("hash_a")) & (rejected == pl.col("hash_b"))
    is_b = (chosen == pl.col("hash_b")) & (rejected == pl.col("hash_a"))
    is_known = (pl.col("hash") == pl.col("prompt_hash")) & (is_a | is_b)
    return hashed.with_columns(is_a=is_a, is_known=is_known.fill_null(value=False)).with_columns(
        prompt_id=pl.when("is_known")
        .then(pl.format(f"{SOURCE}:{{}}", "id"))
        .otherwise(pl.format(f"{SOURCE}:{kind}/{{}}", "id"))
    )


def _prompts(rows: pl.DataFrame, raw: RawFile, kind: str) -> pl.DataFrame:
    return rows.select(
        "prompt_id",
        subset=pl.lit(kind),
        split=pl.lit("train"),
        turn=(pl.col("prompt").list.len() // 2).cast(pl.Int32),
        messages="prompt",
        license=pl.lit(LICENSE),
        content_hash="hash",
        **origin(raw),
    )


def _responses(rows: pl.DataFrame, raw: RawFile) -> pl.DataFrame:
    sides = [
        rows.select(
            "prompt_id",
            response_id=pl.col("prompt_id") + f"/{side}",
            messages=f"{side}_tail",
            text=pl.col(f"{side}_tail").list.last().struct.field("content"),
            model=f"model_{side}",
            license=pl.lit(LICENSE),
            content_hash=f"{side}_hash",
            **origin(raw),
        )
        for side in _SIDES
    ]
    return pl.concat(sides).sort("row", maintain_order=True)


def _judgments(rows: pl.DataFrame, raw: RawFile, kind: str) -> pl.DataFrame:
    key, name = pl.col("prompt_id"), JUDGES[kind]["name"]
    nested = rows.select("columns")
    return rows.select(
        "prompt_id",
        judgment_id=key + f"/{name}/overall",
        annotator_id=pl.lit(f"{SOURCE}:{name}"),
        aspect=pl.lit("overall"),
        protocol=pl.lit("pairwise"),
        outcome=pl.lit("chosen"),
        response_ids=pl.when("is_known")
        .then(pl.concat_list(key + "/a", key + "/b"))
        .otherwise(pl.concat_list(key + "/chosen", key + "/rejected")),
        is_order_known=pl.lit(value=False),
        chosen=pl.when(pl.col("is_known") & ~pl.col("is_a"))
        .then(pl.lit([False, True], pl.List(pl.Boolean)))
        .otherwise(pl.lit([True, False], pl.List(pl.Boolean))),
        raw=json_object(nested, nested=["columns"], file=raw.name),
        **origin(raw),
    )


def rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the rows of the binarized files, in row order."""
    judges = [f"{SOURCE}:{person['name']}" for person in JUDGES.values()]
    prompts = dict(tables["prompts"].select("prompt_id", "messages").iter_rows())
    tails = dict(tables["responses"].select("response_id", "messages").iter_rows())
    rows = tables["judgments"].filter(pl.col("annotator_id").is_in(judges)).sort("file", "row")
    files: dict[str, list[dict[str, Any]]] = {}
    # A loop over rows: this is the proof that nothing is lost, not a hot path.
    for row in rows.iter_rows(named=True):
        first, second = (prompts[row["prompt_id"]] + tails[key] for key in row["response_ids"])
        chosen, rejected = (first, second) if row["chosen"][0] else (second, first)
        columns = json.loads(row["raw"])["columns"] if row["raw"] else {}
        files.setdefault(row["file"], []).append(
            {**columns, "chosen": chosen, "rejected": rejected}
        )
    return files
