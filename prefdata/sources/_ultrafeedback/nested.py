"""The nested rows of openbmb/UltraFeedback: their vintages, and the way to flat columns.

A row holds an instruction and, as a rule, four completions, each with ratings of four aspects by
GPT-4. Vintages differ: an aspect is an object or an array of one, the overall score a number or a
text, and the fine-grained score exists only since the correction of December 2023.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from prefdata.sources._ultrafeedback.rows import Format, Part, Shape
from prefdata.tables.coerce import Misfit
from prefdata.tables.raw import Reject

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ASPECTS", "FINE", "NESTED", "TYPED", "Flat", "flatten", "misjudged", "shape_of"]

ASPECTS = ("helpfulness", "honesty", "instruction_following", "truthfulness")
TYPED = ("helpfulness", "truthfulness")
"""Aspects whose annotation also has ``Type`` and ``Rationale For Rating``."""
FINE = "fine-grained_score"
_SOMETIMES = ("critique", "overall_score", FINE)
_NOT_RATED = "N/A"
_TEXTS = pa.list_(pa.string())


@functools.cache
def shape_of(
    *, is_array: bool = False, is_text: bool = False, absent: tuple[str, ...] = ()
) -> Shape:
    """Return the shape of a vintage.

    Args:
        is_array: An aspect is an array of one object.
        is_text: The overall score is a text.
        absent: Fields of a completion that do not exist.
    """
    aspects = []
    for aspect in ASPECTS:
        fields = [("Rating", pa.string()), ("Rationale", pa.string())]
        if aspect in TYPED:
            fields += [("Rationale For Rating", pa.string()), ("Type", _TEXTS)]
        kind = pa.struct(fields)
        aspects.append((aspect, pa.list_(kind) if is_array else kind))
    texts = ("model", "principle", "custom_system_prompt", "response", "critique")
    fields = [(name, pa.string()) for name in texts]
    fields += [("overall_score", pa.string() if is_text else pa.float64()), (FINE, pa.float64())]
    fields += [("annotations", pa.struct(aspects))]
    completion = pa.struct([field for field in fields if field[0] not in absent])
    note: dict[str, Any] = {"annotations": "array"} if is_array else {}
    note |= {"overall_score": "text"} if is_text else {}
    note |= {"absent": list(absent)} if absent else {}
    return Shape(
        schema=pa.schema(
            [
                ("source", pa.string()),
                ("instruction", pa.string()),
                ("models", _TEXTS),
                ("completions", pa.list_(completion)),
                ("correct_answers", _TEXTS),
                ("incorrect_answers", _TEXTS),
            ]
        ),
        note=json.dumps(note) if note else "",
        required=("source", "instruction", "completions", "completions.response"),
        single=tuple(f"completions.annotations.{aspect}" for aspect in ASPECTS) if is_array else (),
    )


def _fit(value: Any) -> tuple[Shape, dict[str, Any]]:
    if not isinstance(value, dict):
        raise Misfit(None, "wrong-type", f"a row is an object, this is {type(value).__name__}")
    given = value.get("completions")
    if not isinstance(given, list):
        return shape_of(), value  # the schema says what is wrong with it
    for index, completion in enumerate(given):
        if not isinstance(completion, dict):
            raise Misfit("completions", "wrong-type", f"completions[{index}] is not an object")
        if completion.get("response") is None:
            reason = f"completions[{index}].response is missing or null"
            raise Misfit("completions", "missing-field", reason)
    notes = [
        note
        for completion in given
        if isinstance(completion.get("annotations"), dict)
        for aspect in ASPECTS
        if (note := completion["annotations"].get(aspect)) is not None
    ]
    is_array = bool(notes) and all(isinstance(note, list) and len(note) == 1 for note in notes)
    is_text = any(isinstance(completion.get("overall_score"), str) for completion in given)
    absent = tuple(name for name in _SOMETIMES if given and not any(name in c for c in given))
    tidy = [_tidy(completion, is_array=is_array, is_text=is_text) for completion in given]
    shape = shape_of(is_array=is_array, is_text=is_text, absent=absent)
    return shape, {**value, "completions": tidy}


def _tidy(completion: dict[str, Any], *, is_array: bool, is_text: bool) -> dict[str, Any]:
    tidy = dict(completion)
    score = completion.get("overall_score")
    if is_text and isinstance(score, int | float) and not isinstance(score, bool):
        tidy["overall_score"] = json.dumps(score)
    notes = completion.get("annotations")
    if notes is None:
        notes = {}
    if isinstance(notes, dict):
        tidy["annotations"] = dict(notes)
        for aspect in ASPECTS:
            note = notes.get(aspect)
            if isinstance(note, list) and len(note) == 1:
                note = note[0]
            note = {} if note is None else note
            tidy["annotations"][aspect] = [note] if is_array else note
    return tidy


def _of_schema(schema: pa.Schema) -> Shape | None:
    """Return the shape of a columnar file, of which only the outline is checked here."""
    index = schema.get_field_index("completions")
    kinds = pa.types
    if index < 0 or not (
        kinds.is_list(kind := schema.field(index).type) or kinds.is_large_list(kind)
    ):
        return None
    completion = kind.value_type
    if not kinds.is_struct(completion) or completion.get_field_index("annotations") < 0:
        return None
    notes = completion.field("annotations").type
    score = completion.get_field_index("overall_score")
    score_kind = completion.field(score).type if score >= 0 else pa.float64()
    return shape_of(
        is_array=kinds.is_struct(notes)
        and notes.num_fields > 0
        and (kinds.is_list(notes.field(0).type) or kinds.is_large_list(notes.field(0).type)),
        is_text=kinds.is_string(score_kind) or kinds.is_large_string(score_kind),
        absent=tuple(name for name in _SOMETIMES if completion.get_field_index(name) < 0),
    )


NESTED = Format(fit=_fit, of_schema=_of_schema, expected=", ".join(shape_of().schema.names))
"""The format of a row."""


@dataclass(frozen=True, slots=True)
class Flat:
    """The completions of a part, one after the other, in Arrow columns and in polars' own."""

    sizes: NDArray[np.int64]
    """Completions of each row."""
    columns: dict[str, pa.Array]
    """Everything by name; parts of an aspect as ``<aspect>.<key>``."""
    frame: pl.DataFrame
    """What is computed with: index (of the row in the part), position, model, principle, system,
    text, overall_text, and scores named ``overall``, ``fine-grained`` and as the aspects."""

    def lists(self, column: pa.Array | pl.Series) -> pl.Series:
        """Put a column of completions back into one list per row."""
        array = column.to_arrow() if isinstance(column, pl.Series) else pa.array(column)
        offsets = np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64)
        return pl.Series(pa.LargeListArray.from_arrays(pa.array(offsets), array))


def flatten(part: Part) -> Flat:
    """Take the lists of completions apart."""
    nested = part.table.column("completions").combine_chunks()
    if isinstance(nested, pa.ChunkedArray):
        nested = pa.concat_arrays(nested.chunks)
    sizes = nested.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
    completions = nested.flatten()
    columns = {
        field.name: pc.struct_field(completions, field.name)
        for field in completions.type
        if field.name != "annotations"
    }
    for name in _SOMETIMES:
        if name not in columns:
            kind = pa.string() if name == "critique" else pa.float64()
            columns[name] = pa.nulls(len(completions), kind)
    notes = pc.struct_field(completions, "annotations")
    for aspect in ASPECTS:
        note = pc.struct_field(notes, aspect)
        note = note.flatten() if pa.types.is_list(note.type) else note
        for field in note.type:
            columns[f"{aspect}.{field.name}"] = pc.struct_field(note, field.name)
    score = columns["overall_score"]
    if not pa.types.is_string(score.type):
        columns["overall_text"] = pa.nulls(len(completions), pa.string())
    else:
        columns["overall_text"] = score
    index = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    ratings = {aspect: pl.Series(columns[f"{aspect}.Rating"]) for aspect in ASPECTS}
    frame = pl.DataFrame(
        {
            "index": index,
            "position": np.arange(len(index), dtype=np.int64) - starts,
            "model": pl.Series(columns["model"]),
            "principle": pl.Series(columns["principle"]),
            "system": pl.Series(columns["custom_system_prompt"]),
            "text": pl.Series(columns["response"]),
            "overall_text": pl.Series(columns["overall_text"]),
            "overall": pl.Series(score).cast(pl.Float64, strict=False),
            "fine-grained": pl.Series(columns[FINE]).cast(pl.Float64),
            **{aspect: text.cast(pl.Float64, strict=False) for aspect, text in ratings.items()},
            **{f"{aspect}_text": text for aspect, text in ratings.items()},
        }
    )
    return Flat(sizes=sizes, columns=columns, frame=frame)


def misjudged(part: Part, flat: Flat) -> tuple[NDArray[np.int64], list[Reject]]:
    """Return the positions of rows with a value outside its scale, and their rejects.

    Ratings are 1 to 5 or ``N/A``, overall scores 1 to 10, fine-grained scores 1 to 5.
    """
    checks = {
        "overall": ("overall_score", 10, "overall_text"),
        "fine-grained": (FINE, 5, None),
        **{a: (f"annotations.{a}.Rating", 5, f"{a}_text") for a in ASPECTS},
    }
    found = []
    for name, (field, top, text) in checks.items():
        is_on_scale = pl.col(name).is_between(1, top).fill_null(value=False)
        is_given = pl.col(name).is_not_null()
        if text:
            is_given |= pl.col(text).is_not_null() & (pl.col(text) != _NOT_RATED)
        seen = pl.col(name).cast(pl.String)
        bad = flat.frame.filter(is_given & ~is_on_scale).select(
            "index",
            "position",
            field=pl.lit(field),
            seen=pl.coalesce(text, seen) if text else seen,
            scale=pl.lit(f"1 to {top}"),
        )
        found.append(bad)
    bad = pl.concat(found).unique("index", keep="first", maintain_order=True).sort("index")
    raws = part.table.take(pa.array(bad["index"].to_numpy())).to_pylist() if bad.height else []
    rejects = [
        Reject(
            int(part.rows[row["index"]]),
            "unknown-value",
            f"completions[{row['position']}].{row['field']} is {row['seen']!r}, "
            f"expected {row['scale']} or {_NOT_RATED}",
            field="completions",
            raw=json.dumps(raw, ensure_ascii=False),
        )
        for row, raw in zip(bad.iter_rows(named=True), raws, strict=True)
    ]
    return bad["index"].to_numpy(), rejects
