"""The files of MultiPref: which is which, and the comparisons in one shape whatever the format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from prefdata.schema.frames import polars_type
from prefdata.schema.typeexpr import parse_type
from prefdata.tables.bundle import concat_rejects
from prefdata.tables.jsonl import read_json_rows
from prefdata.tables.leftover import json_object
from prefdata.tables.raw import RAW_TEXT_LIMIT, RawChunk, drift
from prefdata.tables.tabular import read_parquet_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefdata.protocols import RawFile
    from prefdata.tables.seen import SeenIds

__all__ = [
    "ASPECTS",
    "LABELS",
    "POOLS",
    "SOURCE",
    "accept",
    "kind_of",
    "read_comparisons",
    "reject",
    "select",
]

SOURCE = "multipref"
ASPECTS = {
    "overall": "overall",
    "helpful": "helpfulness",
    "truthful": "truthfulness",
    "harmless": "harmlessness",
}
"""The words of the source, and the aspects of `judgments` they stand for."""

POOLS = {"normal": "normal_worker_annotations", "expert": "expert_worker_annotations"}
"""The pools of annotators, and the columns that hold what they said."""

LABELS: dict[str, tuple[str, str | None]] = {
    "A-is-clearly-better": ("a", "clearly"),
    "A-is-slightly-better": ("a", "slightly"),
    "Tie": ("tie", None),
    "B-is-slightly-better": ("b", "slightly"),
    "B-is-clearly-better": ("b", "clearly"),
}
"""The five labels: who is better, and how strongly, in the source's word."""

_TEXTS = (
    "comparison_id",
    "prompt_id",
    "text",
    "model_a",
    "completion_a",
    "model_b",
    "completion_b",
    "source",
    "category",
    "subject_study",
    "highest_level_degree",
)
_REQUIRED = ("comparison_id", "text", "completion_a", "completion_b")
_PARTS: dict[str, str] = {
    "evaluator": "string",
    "overall_pref": "string",
    "overall_confidence": "string",
    **{
        f"{word}_{part}": kind
        for word in list(ASPECTS)[1:]
        for part, kind in {
            "pref": "string",
            "confidence": "string",
            "checked_reasons": "list<string>",
            "own_reason": "string",
        }.items()
    },
    "time_spent": "float64",
    "timestamp": "string",
}
_ANNOTATION = pa.struct(
    [
        (name, {"string": pa.string(), "float64": pa.float64()}.get(kind, pa.list_(pa.string())))
        for name, kind in _PARTS.items()
    ]
)
_JSON_SCHEMA = pa.schema(
    [(name, pa.string()) for name in _TEXTS]
    + [(name, pa.list_(_ANNOTATION)) for name in POOLS.values()]
)

# In the order of reading: the comparisons first, because the others point to them.
_KINDS = {
    "gpt4_overall_binarized": re.compile(r"gpt4_overall_binarized/[^/]*\.parquet$"),
    "human_overall_binarized": re.compile(r"human_overall_binarized/[^/]*\.parquet$"),
    "features": re.compile(r"(?:^|/)multipref-features\.jsonl(\.gz|\.zst)?$"),
    "lines": re.compile(r"(?:^|/)MultiPref-Train[^/]*\.jsonl(\.gz|\.zst)?$"),
    "default": re.compile(r"(?:^|/)train[^/]*\.parquet$"),
}
_ORDER = ("default", "lines", "gpt4_overall_binarized", "human_overall_binarized", "features")


def kind_of(raw: RawFile) -> str | None:
    """Return the configuration of a file; its folder may only be in the path on disk."""
    for kind, pattern in _KINDS.items():
        if pattern.search(raw.name):
            is_bare = kind == "default" and "/" not in raw.name
            folder = raw.path.parent.name
            return folder if is_bare and folder in _KINDS else kind
    return None


def select(files: Sequence[RawFile]) -> list[RawFile]:
    """Choose the files of MultiPref, comparisons first.

    The JSON Lines copy of the comparisons is left out when the Parquet file is there. Features of
    other datasets are never taken.

    Raises:
        SourceDriftError: If no file of preferences is among the files.
    """
    kinds = {raw: kind for raw in files if (kind := kind_of(raw))}
    if "default" in kinds.values():
        kinds = {raw: kind for raw, kind in kinds.items() if kind != "lines"}
    if not set(kinds.values()) - {"features"}:
        offered = ", ".join(raw.name for raw in files[:5]) or "nothing"
        raise drift(
            f"No file of {SOURCE} is among those given: expected data/train-*.parquet, "
            "MultiPref-Train.jsonl, gpt4_overall_binarized/train-*.parquet or "
            f"human_overall_binarized/train-*.parquet, got {offered}.",
            file=files[0].name if files else "(no files)",
        )
    return sorted(kinds, key=lambda raw: (_ORDER.index(kinds[raw]), raw.name))


def read_comparisons(raw: RawFile, kind: str) -> Iterator[RawChunk]:
    """Yield comparisons with the same columns and types from Parquet and from JSON Lines."""
    if kind == "lines":
        yield from read_json_rows(raw, _JSON_SCHEMA, required=_REQUIRED)
        return
    for chunk in read_parquet_rows(raw, required=_REQUIRED):
        yield RawChunk(_shaped(chunk.frame, raw), chunk.rejects, chunk.rows_in)


def _shaped(frame: pl.DataFrame, raw: RawFile) -> pl.DataFrame:
    """Bring Parquet's columns to the types of `_JSON_SCHEMA`; the rest goes to ``extra``."""
    lists = list(POOLS.values())
    others = [name for name in frame.columns if name not in {*_TEXTS, *lists, "row", "extra"}]
    others += [name for name in lists if name in frame.columns and _unknown_parts(frame, name, raw)]
    return frame.select(
        *(_text(frame, name, raw) for name in _TEXTS),
        *(_annotations(frame, name, raw) for name in lists),
        "row",
        extra=json_object(frame, fixed=others, file=raw.name),
    )


def _text(frame: pl.DataFrame, name: str, raw: RawFile) -> pl.Expr:
    dtype = frame.schema.get(name, pl.Null())
    if dtype not in (pl.String, pl.Categorical, pl.Null):
        raise drift(f"The column {name} is {dtype}, not a string.", file=raw.name)
    cell = pl.col(name) if name in frame.columns else pl.lit(None)
    return cell.cast(pl.String).alias(name)


def _fields(frame: pl.DataFrame, name: str, raw: RawFile) -> dict[str, Any]:
    dtype = frame.schema[name]
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        return dict(dtype.inner.to_schema())
    if dtype == pl.Null or (isinstance(dtype, pl.List) and dtype.inner == pl.Null):
        return {}
    raise drift(f"The column {name} is {dtype}, not a list of annotations.", file=raw.name)


def _unknown_parts(frame: pl.DataFrame, name: str, raw: RawFile) -> list[str]:
    return [part for part in _fields(frame, name, raw) if part not in _PARTS]


def _annotations(frame: pl.DataFrame, name: str, raw: RawFile) -> pl.Expr:
    wanted = pl.List(
        pl.Struct({part: polars_type(parse_type(kind)) for part, kind in _PARTS.items()})
    )
    if name not in frame.columns or not (given := _fields(frame, name, raw)):
        empty = pl.lit(None) if name not in frame.columns else pl.col(name)
        return empty.cast(wanted).alias(name)
    parts = []
    for part, kind in _PARTS.items():
        dtype = given.get(part, pl.Null())
        target = polars_type(parse_type(kind))
        cell = pl.element().struct.field(part) if part in given else pl.lit(None)
        if isinstance(dtype, pl.Datetime):
            cell = cell.dt.to_string("%Y-%m-%d %H:%M:%S%.6f")
        elif dtype.is_numeric() and target == pl.Float64:
            cell = cell.cast(pl.Float64).fill_nan(None)
        elif dtype not in (target, pl.Null, pl.List(pl.Null)):
            raise drift(f"The field {part} of {name} is {dtype}, not {target}.", file=raw.name)
        parts.append(cell.cast(target).alias(part))
    return pl.col(name).list.eval(pl.struct(parts)).cast(wanted).alias(name)


def accept(chunk: RawChunk, raw: RawFile, seen: SeenIds) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the comparisons of a stretch into those to keep and the rejects of the whole stretch."""
    frame = chunk.frame
    faults = pl.concat([_faults(frame, pool) for pool in POOLS.values()])
    blank = frame.filter(pl.col("comparison_id") == "").select(
        "row",
        field=pl.lit("comparison_id"),
        rule=pl.lit("missing-field"),
        reason=pl.lit("the field 'comparison_id' is empty"),
    )
    faults = pl.concat([blank, faults]).unique("row", keep="first", maintain_order=True)
    fit = frame.join(faults, on="row", how="anti", maintain_order="left")
    is_repeat = seen.is_repeat(fit["comparison_id"])
    repeats = fit.filter(is_repeat).select(
        "row",
        field=pl.lit("comparison_id"),
        rule=pl.lit("duplicate-id"),
        reason=pl.format("the comparison '{}' was read before", "comparison_id"),
    )
    kept = fit.filter(~is_repeat)
    seen.add(kept["comparison_id"])
    found = frame.join(pl.concat([faults, repeats]), on="row", maintain_order="left")
    return kept, concat_rejects([chunk.rejects, reject(found, raw, key="comparison_id")])


def _faults(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Find annotations without an evaluator, or with a label that is none of the five."""
    said = frame.select("row", at=pl.int_ranges(pl.col(column).list.len()), one=column)
    said = said.filter(pl.col("at").list.len() > 0).explode("at", "one").unnest("one")
    faults = [
        said.filter(pl.col("evaluator").fill_null("") == "").select(
            "row",
            field=pl.format("{}[{}].evaluator", pl.lit(column), "at"),
            rule=pl.lit("missing-field"),
            reason=pl.lit("an annotation has no evaluator"),
        )
    ]
    for word in ASPECTS:
        label = pl.col(f"{word}_pref")
        known = pl.lit(", ".join(LABELS))
        faults.append(
            said.filter(~label.is_in(list(LABELS))).select(
                "row",
                field=pl.format("{}[{}].{}", pl.lit(column), "at", pl.lit(f"{word}_pref")),
                rule=pl.lit("unknown-value"),
                reason=pl.format("the label is '{}'; known: {}", label.str.slice(0, 80), known),
            )
        )
    return pl.concat(faults)


def reject(rows: pl.DataFrame, raw: RawFile, *, key: str) -> pl.DataFrame:
    """Make rejects of raw rows that carry ``field``, ``rule`` and ``reason``."""
    cells = pl.struct(pl.exclude("row", "field", "rule", "reason")).struct.json_encode()
    return rows.select(
        "field",
        "rule",
        "reason",
        "row",
        file=pl.lit(raw.name),
        subject=pl.lit("prompts"),
        id=pl.lit(f"{SOURCE}:") + pl.col(key),
        raw=cells.str.slice(0, RAW_TEXT_LIMIT),
    ).select("file", "row", "subject", "id", "field", "rule", "reason", "raw")
