"""PRISM's optional files: findings about each text, and the models.

A row of ``metadata.jsonl`` says of one text whether it holds personal data, its language, and
what a moderation model found. It is kept in ``raw`` of the row the text is in, under ``metadata``
and the name of the text's field; what it found becomes flags. A row of ``models.jsonl`` is kept
under ``model`` in ``raw`` of the first response of the model.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.sources._prism.rows import (
    SOURCE,
    Part,
    Rule,
    finite,
    flags_of,
    json_object,
    leftovers,
    member,
    read_part,
    restore,
)
from prefdata.sources._prism.shapes import (
    METADATA_IDS,
    METADATA_REQUIRED,
    MODEL,
    MODEL_REQUIRED,
    MODERATION,
    metadata_schema,
)
from prefdata.tables.raw import read_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prefdata.protocols import RawFile

__all__ = [
    "attach",
    "flags",
    "models_attach",
    "read",
    "read_models",
    "rebuild",
    "rebuild_model",
    "targets",
]

SUBJECTS = {
    "model_response": ("responses", "utterance_id"),
    "user_prompt": ("prompts", "interaction_id"),
    "open_feedback": ("conversations", "conversation_id"),
    "self_description": ("annotators", "user_id"),
    "system_string": ("annotators", "user_id"),
}
"""Field of a text to the table it is in, and the native id that names the row."""

_SAID = ("pii_flag", "pii_manual_flag", "language_flag", "en_flag", "moderation_flag")
_PEEK_BYTES = 1 << 16
_PEEK_ROWS = 20


def targets(
    survey: pl.DataFrame, conversations: pl.DataFrame, utterances: pl.DataFrame
) -> pl.DataFrame:
    """List the texts that metadata can be about: ``column_id``, ``target`` and all four ids."""
    rows = {
        "model_response": utterances.select(METADATA_IDS),
        "user_prompt": utterances.unique("interaction_id").select(METADATA_IDS[:3]),
        "open_feedback": conversations.select(METADATA_IDS[:2]),
        "self_description": survey.select(METADATA_IDS[:1]),
        "system_string": survey.select(METADATA_IDS[:1]),
    }
    return pl.concat(
        frame.select(
            pl.lit(column).alias("column_id"),
            pl.col(SUBJECTS[column][1]).alias("target"),
            *(
                (pl.col(name) if name in frame.columns else pl.lit(None, pl.String)).alias(
                    f"of_{name}"
                )
                for name in METADATA_IDS
            ),
        )
        for column, frame in rows.items()
    )


def read(raw: RawFile, known: pl.DataFrame) -> Part:
    """Read the metadata of known texts.

    Args:
        raw: The file.
        known: What `targets` lists.

    Returns:
        The rows with ``target``, the native id of the row the text is in, and ``entry``, the JSON
        of all they say.
    """
    part = read_part(raw, metadata_schema(_categories(raw)), required=METADATA_REQUIRED)
    target = pl.coalesce(
        pl.when(pl.col("column_id") == column).then(name) for column, (_, name) in SUBJECTS.items()
    )
    frame = part.frame.with_columns(target=target).join(
        known.with_columns(is_known=pl.lit(value=True)),
        on=["column_id", "target"],
        how="left",
        maintain_order="left",
    )
    rules = [
        Rule(
            "unknown-value",
            "column_id",
            ~pl.col("column_id").is_in(list(SUBJECTS)),
            pl.format("'{}' is not the field of a text", "column_id"),
        ),
        Rule(
            "missing-field",
            "column_id",
            pl.col("target").is_null(),
            pl.format("the row names no text of the field '{}'", "column_id"),
        ),
        Rule(
            "duplicate-id",
            "column_id",
            ~pl.struct("column_id", "target").is_first_distinct(),
            pl.format("an earlier row is about {} of '{}'", "column_id", "target"),
        ),
        Rule(
            "broken-reference",
            "column_id",
            pl.col("is_known").is_null(),
            pl.format("there is no {} of '{}', or its row was rejected", "column_id", "target"),
        ),
    ]
    part = Part(raw, frame, part.rejects, part.rows_in).screened(rules)
    return Part(raw, part.frame.with_columns(entry=_entry()), part.rejects, part.rows_in)


def _entry() -> pl.Expr:
    others = [pl.col(name).ne_missing(pl.col(f"of_{name}")) for name in METADATA_IDS]
    return json_object(
        member("row", "row"),
        member("value", pl.struct(_SAID)),
        # Ids follow from where the entry is; only those that contradict it are kept.
        member("ids", pl.struct(METADATA_IDS), when=pl.any_horizontal(others)),
        *leftovers(),
    )


def _categories(raw: RawFile) -> tuple[str, ...]:
    """Name the moderation categories of the first rows; they differ between moderation models."""
    block = next(read_blocks(raw.path, file=raw.name, block_bytes=_PEEK_BYTES), b"")
    found: dict[str, None] = {}
    for line in block.split(b"\n")[:_PEEK_ROWS]:
        try:
            moderation = json.loads(line.strip(b"[], \t\r"))["moderation_flag"]
            parts = (moderation["categories"], moderation["category_scores"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        for part in parts:
            found |= dict.fromkeys(part if isinstance(part, dict) else ())
    names = tuple(name for name in found if name.isprintable())
    return names or MODERATION


def attach(frame: pl.DataFrame, part: Part | None, subject: str, on: str) -> pl.DataFrame:
    """Add ``metadata`` (JSON text) and ``language``; both are null where nothing is said."""
    if part is None:
        nothing = pl.lit(None, pl.String)
        return frame.with_columns(metadata=nothing, language=nothing)
    columns = [name for name, (table, _) in SUBJECTS.items() if table == subject]
    about = part.frame.filter(pl.col("column_id").is_in(columns)).sort("column_id")
    entry = pl.format('"{}":{}', "column_id", "entry")
    if len(columns) == 1:
        told = about.select(
            "target", metadata=pl.lit("{") + entry + pl.lit("}"), language="language_flag"
        )
    else:
        joined = pl.lit("{") + entry.str.join(",") + pl.lit("}")
        told = about.group_by("target").agg(metadata=joined, language=pl.lit(None, pl.String))
    return frame.join(told, left_on=on, right_on="target", how="left", maintain_order="left")


def flags(part: Part) -> list[pl.DataFrame]:
    """Make the flags of what the metadata found; two texts of one row share a flag."""
    moderation = pl.col("moderation_flag")
    frame = part.frame
    manual = pl.col("pii_manual_flag")
    return [
        _found(
            frame, "pii", pl.col("pii_flag"), pl.lit("the publisher's detector found personal data")
        ),
        _found(
            frame,
            "pii-reviewed",
            manual.is_not_null(),
            pl.lit("a person looked for personal data: 0 is none"),
            value=manual,
        ),
        _found(
            frame,
            "not-english",
            ~pl.col("en_flag"),
            pl.format("the detected language is {}", pl.col("language_flag").fill_null("unknown")),
        ),
        _found(
            frame,
            "moderation",
            moderation.struct.field("flagged"),
            pl.format("flagged by the publisher's moderation model: {}", _named(frame)),
            value=_highest(frame),
        ),
    ]


def _fields(frame: pl.DataFrame, part: str) -> dict[str, pl.Expr]:
    column = pl.col("moderation_flag").struct.field(part)
    names = frame.lazy().select(column.struct.unnest()).collect_schema()
    return {name: column.struct.field(name) for name in names}


def _named(frame: pl.DataFrame) -> pl.Expr:
    named = [
        pl.when(is_true).then(pl.lit(name))
        for name, is_true in _fields(frame, "categories").items()
    ]
    return pl.concat_str(named, separator=", ", ignore_nulls=True)


def _highest(frame: pl.DataFrame) -> pl.Expr:
    return pl.max_horizontal(*_fields(frame, "category_scores").values())


def _found(
    frame: pl.DataFrame,
    flag: str,
    is_found: pl.Expr,
    reason: pl.Expr,
    *,
    value: pl.Expr | None = None,
) -> pl.DataFrame:
    """Make the flags of one finding, in all tables."""
    subject = pl.col("column_id").replace_strict({k: v[0] for k, v in SUBJECTS.items()})
    number = pl.lit(None, pl.Float64) if value is None else value
    found = (
        frame.filter(is_found)
        .select("column_id", "target", subject=subject, reason=reason, value=number)
        .sort("column_id")
        .group_by("subject", "target", maintain_order=True)
        .agg(
            pl.format("{} ({})", "reason", "column_id").str.join("; ").alias("reason"),
            pl.col("value").max(),
        )
    )
    identity = pl.lit(f"{SOURCE}:") + pl.col("target")
    return pl.concat(
        flags_of(
            found.filter(pl.col("subject") == table),
            table,
            flag,
            identity=identity,
            reason=pl.col("reason"),
            value=pl.col("value"),
        )
        for table in dict.fromkeys(table for table, _ in SUBJECTS.values())
    )


def rebuild(
    raw: Mapping[str, Any], ids: Mapping[str, str | None]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Reassemble the rows of ``metadata.jsonl`` that are kept in one ``raw``.

    Args:
        raw: The parsed ``raw`` of a row.
        ids: The native ids of the row; those that are absent are null.

    Yields:
        Number of the row in the file, and the row.
    """
    for column, entry in (raw.get("metadata") or {}).items():
        own = entry.get("ids") or {name: ids.get(name) for name in METADATA_IDS}
        yield entry["row"], restore({"column_id": column, **own, **entry["value"]}, entry)


def read_models(raw: RawFile, utterances: pl.DataFrame) -> Part:
    """Read the models; one that wrote no response is rejected, since nothing holds its row."""
    rules = [
        Rule(
            "duplicate-id",
            "long_name",
            ~pl.col("long_name").is_first_distinct(),
            pl.format("an earlier row is the model '{}'", "long_name"),
        ),
        Rule(
            "broken-reference",
            "long_name",
            ~pl.col("long_name").is_in(utterances["model_name"].unique().implode()),
            pl.format("no response is by the model '{}'", "long_name"),
        ),
    ]
    part = read_part(raw, MODEL, required=MODEL_REQUIRED, normalize=_whole_model)
    return part.screened(rules)


def _whole_model(row: dict[str, Any]) -> dict[str, Any]:
    cleaned = finite(row)
    entry: dict[str, Any] = {"value": {k: v for k, v in cleaned.items() if k != "not_json"}}
    if "not_json" in cleaned:
        entry["not_json"] = cleaned["not_json"]
    return {
        "long_name": row.get("long_name"),
        "header": row.get("header"),
        "entry": json.dumps(entry),
    }


def models_attach(utterances: pl.DataFrame, part: Part | None) -> pl.DataFrame:
    """Add ``system``, the header its model was given, and ``model`` (JSON text or null)."""
    if part is None:
        nothing = pl.lit(None, pl.String)
        return utterances.with_columns(system=nothing, model=nothing)
    entry = pl.lit('{"row":') + pl.col("row").cast(pl.String) + pl.lit(",")
    told = part.frame.select(
        "long_name", system="header", model=entry + pl.col("entry").str.slice(1)
    )
    joined = utterances.join(
        told, left_on="model_name", right_on="long_name", how="left", maintain_order="left"
    )
    is_first = pl.col("model_name").is_first_distinct()
    return joined.with_columns(model=pl.when(is_first).then("model"))


def rebuild_model(raw: Mapping[str, Any]) -> tuple[int, dict[str, Any]] | None:
    """Reassemble the row of ``models.jsonl`` that is kept in one ``raw``, with its number."""
    entry = raw.get("model")
    return None if entry is None else (entry["row"], restore(entry["value"], entry))
