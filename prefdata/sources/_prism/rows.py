"""Raw rows of PRISM between reader and tables: what JSON cannot say, rejects, and ``raw`` texts.

A column ``raw`` is a JSON object of members that have no column. Three of its keys are ours:
``extra`` holds fields that the published shape does not know, ``absent`` names fields of that
shape that the row does not have, and ``not_json`` maps a field to the text of its value where that
holds NaN or Infinity, which the files may spell and JSON cannot. Inside an object of a row, a field
that is absent counts as null.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from prefdata.tables.bundle import concat_rejects
from prefdata.tables.jsonl import BLOCK_BYTES, read_json_rows
from prefdata.tables.raw import RAW_TEXT_LIMIT, read_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prefdata.protocols import RawFile

__all__ = [
    "SOURCE",
    "Part",
    "Rule",
    "finite",
    "flags_of",
    "json_member",
    "json_object",
    "leftovers",
    "member",
    "native",
    "read_part",
    "restore",
    "screen",
]

SOURCE = "prism"
"""Name of the source and prefix of its ids."""

_STAGE = "ingest"
_OURS = ("not_json", "absent")


@dataclass(frozen=True, slots=True)
class Part:
    """One raw file, read whole: the rows that stand, and those that do not."""

    raw: RawFile
    frame: pl.DataFrame
    """Columns of the shape, ``row``, ``extra``, ``not_json`` and ``absent``."""
    rejects: pl.DataFrame
    rows_in: int

    def screened(self, rules: Sequence[Rule]) -> Part:
        """Return the part without the rows that break a rule, which become rejects."""
        kept, broken = screen(self.frame, self.raw.name, rules)
        rejects = concat_rejects([self.rejects, broken])
        return Part(self.raw, kept, rejects, self.rows_in)


@dataclass(frozen=True, slots=True)
class Rule:
    """What makes a row bad, and how that is told."""

    name: str
    field: str
    is_bad: pl.Expr
    reason: pl.Expr


def native(column: str) -> pl.Expr:
    """Make the id of a native id: ``c0`` is ``prism:c0``."""
    return pl.lit(f"{SOURCE}:") + pl.col(column)


def read_part(
    raw: RawFile,
    schema: pa.Schema,
    *,
    required: Sequence[str],
    normalize: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Part:
    """Read a file whole; numbers that JSON cannot say are null and told in ``not_json``.

    Args:
        raw: The file.
        schema: Its fields.
        required: Fields that must not be null.
        normalize: Brings a row into the shape of ``schema`` where that is not the published one;
            it then tells of ``not_json`` itself.

    Raises:
        SourceDriftError: If it is not the file it should be.
    """
    part = _read(raw, schema, required, normalize or finite)
    if normalize is None and _lacks_fields(part, schema):
        told = schema.append(pa.field("absent", pa.string()))
        # No row has this field, so none passes the fast reader, and each is asked what it lacks.
        part = _read(raw, told, (*required, "absent"), _absent_told(schema.names))
        absent = pl.when(pl.col("absent") != "[]").then("absent")
        return replace(part, frame=part.frame.with_columns(absent=absent))
    return replace(part, frame=part.frame.with_columns(absent=pl.lit(None, pl.String)))


def _read(
    raw: RawFile,
    schema: pa.Schema,
    required: Sequence[str],
    normalize: Callable[[dict[str, Any]], dict[str, Any]],
) -> Part:
    chunks = list(read_json_rows(raw, schema, required=required, normalize=normalize))
    return Part(
        raw=raw,
        frame=_split_not_finite(pl.concat([chunk.frame for chunk in chunks])),
        rejects=concat_rejects(chunk.rejects for chunk in chunks),
        rows_in=sum(chunk.rows_in for chunk in chunks),
    )


def _lacks_fields(part: Part, schema: pa.Schema) -> bool:
    """Tell whether some null may be a field that its row does not have."""
    nulls = [name for name in schema.names if part.frame[name].null_count()]
    if not nulls:
        return False
    # A quote before the colon is not part of a text, where it would have a backslash before it.
    words = {name: f'"{name}":'.encode() for name in nulls}
    counts = dict.fromkeys(nulls, 0)
    for block in read_blocks(part.raw.path, file=part.raw.name, block_bytes=BLOCK_BYTES):
        for name, word in words.items():
            counts[name] += block.count(word)
    return any(count < part.rows_in for count in counts.values())


def _absent_told(names: Sequence[str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def normalize(row: dict[str, Any]) -> dict[str, Any]:
        return finite(row) | {"absent": json.dumps([name for name in names if name not in row])}

    return normalize


def finite(row: dict[str, Any]) -> dict[str, Any]:
    """Replace numbers that are not finite by null; the field ``not_json`` keeps their text."""
    texts = {
        key: json.dumps(value)
        for key, value in row.items()
        if key in _OURS or not _is_finite(value)
    }
    if not texts:
        return row
    cleaned = {key: _cleaned(value) for key, value in row.items() if key not in _OURS}
    return {**cleaned, "not_json": texts}


def restore(row: dict[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
    """Put back into a rebuilt row what `leftovers` kept of it."""
    extra = dict(raw.get("extra") or {})
    texts = {**(extra.pop("not_json", None) or {}), **(raw.get("not_json") or {})}
    absent = raw.get("absent") or ()
    known = {key: value for key, value in row.items() if key not in absent}
    return {**known, **extra, **{key: json.loads(text) for key, text in texts.items()}}


def _is_finite(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    return all(map(_is_finite, value)) if isinstance(value, list) else True


def _cleaned(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value


def _split_not_finite(frame: pl.DataFrame) -> pl.DataFrame:
    """Do for the columns of the fast reader, which takes NaN, what `finite` does for one row."""
    members: dict[str, pl.Series] = {}
    cleaned: list[pl.Expr] = []
    for name, dtype in frame.schema.items():
        is_odd = _holds_odd(pl.col(name), dtype)
        if is_odd is None:
            continue
        mask = frame.select(is_odd.fill_null(value=False)).to_series()
        if mask.any():
            members[name] = _odd_texts(frame, name, mask)
            cleaned.append(_without_odd(pl.col(name), dtype).alias(name))
    if not members:
        return frame.with_columns(pl.lit(None, pl.String).alias("not_json"))
    texts = pl.DataFrame(members).select(json_object(*map(pl.col, members)).alias("not_json"))
    return frame.with_columns(*cleaned, texts.to_series())


def _odd_texts(frame: pl.DataFrame, name: str, mask: pl.Series) -> pl.Series:
    """Write the member of ``not_json`` for the rows of the mask; null for the others."""
    odd = frame.filter(mask).get_column(name)
    if odd.dtype.is_float():
        sign = pl.when(odd > 0).then(pl.lit("Infinity")).otherwise(pl.lit("-Infinity"))
        spelled = pl.when(odd.is_nan()).then(pl.lit("NaN")).otherwise(sign)
        texts = pl.select(member(name, spelled)).to_series()
    else:
        # A loop over the few objects that hold NaN: no columnar writer spells it.
        key = json.dumps(name)
        texts = pl.Series([f"{key}:{json.dumps(json.dumps(value))}" for value in odd.to_list()])
    empty = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    return empty.scatter(mask.arg_true(), texts).alias(name)


def _holds_odd(value: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    if dtype.is_float():
        return ~value.is_finite()
    if isinstance(dtype, pl.Struct):
        parts = [
            _holds_odd(value.struct.field(field.name), _instance(field)) for field in dtype.fields
        ]
        known = [part.fill_null(value=False) for part in parts if part is not None]
        return pl.any_horizontal(known) if known else None
    return None


def _without_odd(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_float():
        return pl.when(value.is_finite()).then(value)
    if isinstance(dtype, pl.Struct):
        parts = [
            _without_odd(value.struct.field(field.name), _instance(field)).alias(field.name)
            for field in dtype.fields
        ]
        return pl.when(value.is_not_null()).then(pl.struct(parts))
    return value


def _instance(field: pl.Field) -> pl.DataType:
    dtype = field.dtype
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def member(name: str, value: str | pl.Expr, *, when: pl.Expr | None = None) -> pl.Expr:
    """Write ``"name":value`` as JSON text, by default where the value is not null."""
    given = pl.col(value) if isinstance(value, str) else value
    text = (
        pl.struct(given.alias(name))
        .struct.json_encode()
        .str.strip_prefix("{")
        .str.strip_suffix("}")
    )
    return pl.when(given.is_not_null() if when is None else when).then(text)


def json_member(name: str, text: str | pl.Expr) -> pl.Expr:
    """Write a member whose value is JSON text already; null where the text is null."""
    value = pl.col(text) if isinstance(text, str) else text
    return pl.lit(f"{json.dumps(name)}:") + value


def json_object(*members: pl.Expr) -> pl.Expr:
    """Write a JSON object of the members that are not null; null where all are."""
    inner = pl.concat_str(members, separator=",", ignore_nulls=True)
    return pl.when(pl.any_horizontal(part.is_not_null() for part in members)).then(
        pl.lit("{") + inner + pl.lit("}")
    )


def leftovers() -> list[pl.Expr]:
    """Write the members of a row that say how it differs from the published shape."""
    return [json_member(name, name) for name in ("extra", *_OURS)]


def screen(
    frame: pl.DataFrame, file: str, rules: Sequence[Rule]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows that keep all rules from rejects that name the first rule broken."""
    codes = [pl.when(rule.is_bad).then(pl.lit(spot)) for spot, rule in enumerate(rules)]
    coded = frame.with_columns(pl.coalesce(codes).alias("#"))
    kept = coded.filter(pl.col("#").is_null()).drop("#")
    bad = coded.filter(pl.col("#").is_not_null())

    def told(values: Iterator[pl.Expr]) -> pl.Expr:
        return pl.coalesce(
            pl.when(pl.col("#") == spot).then(value) for spot, value in enumerate(values)
        )

    rejects = bad.select(
        file=pl.lit(file),
        row=pl.col("row"),
        subject=pl.lit(None, pl.String),
        id=pl.lit(None, pl.String),
        field=told(pl.lit(rule.field) for rule in rules),
        rule=told(pl.lit(rule.name) for rule in rules),
        reason=told(rule.reason for rule in rules),
        raw=pl.struct(pl.exclude("row", "#")).struct.json_encode().str.slice(0, RAW_TEXT_LIMIT),
    )
    return kept, rejects


def flags_of(
    frame: pl.DataFrame,
    subject: str,
    flag: str,
    *,
    identity: str | pl.Expr,
    reason: str | pl.Expr,
    value: pl.Expr | None = None,
) -> pl.DataFrame:
    """Make one flag for each row of the frame; a string reason is a literal."""
    return frame.select(
        id=pl.col(identity) if isinstance(identity, str) else identity,
        source=pl.lit(SOURCE),
        subject=pl.lit(subject),
        flag=pl.lit(flag),
        value=pl.lit(None, pl.Float64) if value is None else value.cast(pl.Float64),
        reason=pl.lit(reason) if isinstance(reason, str) else reason,
        stage=pl.lit(_STAGE),
    )
