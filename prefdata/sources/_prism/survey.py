"""PRISM's survey: one participant per row, to annotators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.sources._prism.rows import (
    SOURCE,
    Part,
    Rule,
    json_member,
    json_object,
    leftovers,
    member,
    native,
    read_part,
    restore,
)
from prefdata.sources._prism.shapes import PREFERENCES, SURVEY, SURVEY_REQUIRED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.protocols import RawFile

__all__ = ["annotators", "read", "rebuild"]

_DECLINED = "prefer not to say"
_FLAT = {
    "age_band": "age",
    "gender": "gender",
    "education": "education",
    "employment": "employment_status",
    "proficiency": "english_proficiency",
}
_NESTED = {
    "country": ("location", "reside_country"),
    "birth_country": ("location", "birth_country"),
    "religion": ("religion", "simplified"),
    "ethnicity": ("ethnicity", "simplified"),
}
_NOT_ASKED = ("lm_frequency_use", "lm_usecases", "order_lm_usecases")
_IN_COLUMNS = ("user_id", "stated_prefs", *_FLAT.values())


def read(raw: RawFile) -> Part:
    """Read the survey; a participant who comes twice is rejected the second time."""
    twice = Rule(
        "duplicate-id",
        "user_id",
        ~pl.col("user_id").is_first_distinct(),
        pl.format("an earlier row is the participant '{}'", "user_id"),
    )
    return read_part(raw, SURVEY, required=SURVEY_REQUIRED).screened([twice])


def annotators(part: Part) -> pl.DataFrame:
    """Make the annotators; the frame has the column ``metadata`` (JSON text or null) besides."""
    said = {name: pl.col(field) for name, field in _FLAT.items()}
    said |= {name: pl.col(a).struct.field(b) for name, (a, b) in _NESTED.items()}
    is_declined = {name: value.str.to_lowercase() == _DECLINED for name, value in said.items()}
    asked = {name: _is_null(name) for name in _NOT_ASKED}
    reasons = [_reason(name, "declined", condition) for name, condition in is_declined.items()]
    reasons += [_reason(name, "not_asked", condition) for name, condition in asked.items()]
    missing = pl.concat_list(reasons).list.drop_nulls()
    frame = part.frame.select(
        annotator_id=native("user_id"),
        source=pl.lit(SOURCE),
        kind=pl.lit("human"),
        **{name: pl.when(~is_declined[name]).then(value) for name, value in said.items()},
        stated_preferences=_preferences(),
        missing=pl.when(missing.list.len() > 0).then(missing),
        raw=_raw(is_declined),
        revision=pl.lit(part.raw.revision, pl.String),
        file=pl.lit(part.raw.name),
        row=pl.col("row"),
    )
    return conform(frame, table_schema("annotators"))


def _is_null(name: str) -> pl.Expr:
    """Tell where a field is null; an object counts as null when all its parts are."""
    value = pl.col(name)
    if name == "lm_frequency_use":
        return value.is_null()
    names = [field.name for field in SURVEY.field(name).type]
    return pl.all_horizontal(value.struct.field(part).is_null() for part in names)


def _reason(field: str, reason: str, condition: pl.Expr) -> pl.Expr:
    entry = pl.struct(pl.lit(field).alias("field"), pl.lit(reason).alias("reason"))
    return pl.when(condition).then(entry)


def _preferences() -> pl.Expr:
    stated = pl.col("stated_prefs")
    items = [
        pl.struct(
            pl.lit(name).alias("name"), stated.struct.field(name).cast(pl.Float64).alias("value")
        )
        for name in PREFERENCES
    ]
    return pl.when(stated.is_not_null()).then(pl.concat_list(items))


def _raw(is_declined: Mapping[str, pl.Expr]) -> pl.Expr:
    # Objects stay whole, so what the simplified columns leave out needs no rule of its own.
    rest = [name for name in SURVEY.names if name not in _IN_COLUMNS]
    other = pl.col("stated_prefs").struct.field("other_text")
    return json_object(
        *(member(name, name) for name in rest),
        *(member(field, field, when=is_declined[name]) for name, field in _FLAT.items()),
        member("stated_prefs_other_text", other),
        json_member("metadata", "metadata"),
        *leftovers(),
    )


def rebuild(row: Mapping[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
    """Reassemble one row of the survey from an annotator and its parsed ``raw``."""
    stated = row["stated_preferences"]
    prefs = None
    if stated is not None:
        prefs = {item["name"]: item["value"] for item in stated}
        prefs["other_text"] = raw.get("stated_prefs_other_text")
    back: dict[str, Any] = {name: raw.get(name) for name in SURVEY.names}
    back |= {field: raw[field] if field in raw else row[name] for name, field in _FLAT.items()}
    back |= {"user_id": row["annotator_id"].removeprefix(f"{SOURCE}:"), "stated_prefs": prefs}
    return restore(back, raw)
