"""Pairs made from UltraFeedback: the forms of their rows, and the way to common columns.

Six publications and their copies differ only in columns: the two sides are texts or lists of
messages, scores and models have other names or are missing. A row's columns are its shape.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from prefdata.sources._ultrafeedback.rows import Format, Part, Shape
from prefdata.tables.coerce import Misfit
from prefdata.tables.messages import MESSAGES
from prefdata.tables.raw import Reject

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PAIRS", "SIDES", "Meaning", "common_columns", "meaning_of", "refused"]

SIDES = ("chosen", "rejected")
_TALK = pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())]))
_ROLES = ("system", "user", "assistant", "tool")
_PROMPTS = ("prompt", "instruction")
_TEXTS = {side: (side, f"{side}_response") for side in SIDES}
_MODELS = {side: (f"{side}-model", f"{side}_model") for side in SIDES}
_SCORES = {side: (f"score_{side}", f"{side}-rating", f"{side}_avg_rating") for side in SIDES}
_FIELDS: dict[str, pa.DataType] = {
    "source": pa.string(),
    "prompt": pa.string(),
    "instruction": pa.string(),
    "prompt_id": pa.string(),
    "messages": _TALK,
    **{f"{side}_response": pa.string() for side in SIDES},
    **{name: pa.float64() for side in SIDES for name in _SCORES[side]},
    **{name: pa.string() for side in SIDES for name in _MODELS[side]},
    "source_index": pa.int64(),
    "metadata": pa.struct([(f"score_{side}", pa.float64()) for side in SIDES]),
}
"""All columns but the two sides, which are texts or messages."""


class Meaning:
    """Which column of a publication says what; built from the columns alone."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        """Find the columns; the first known name wins, the others are `rest`."""

        def first(names: tuple[str, ...]) -> str | None:
            return next((name for name in names if name in columns), None)

        self.prompt = first(_PROMPTS)
        self.texts = {side: first(_TEXTS[side]) for side in SIDES}
        self.models = {side: first(_MODELS[side]) for side in SIDES}
        self.scores = {side: first(_SCORES[side]) for side in SIDES}
        self.has_metadata = "metadata" in columns and not any(self.scores.values())
        named = (*self.texts.values(), *self.models.values(), *self.scores.values(), self.prompt)
        told = {*named, "source", "messages", *(["metadata"] if self.has_metadata else [])}
        self.rest = [name for name in columns if name not in told]
        """Columns without a place in the canonical tables."""
        is_rating = any("rating" in name for name in self.scores.values() if name)
        self.aspect, self.scale_max = ("fine-grained", 5.0) if is_rating else ("overall", 10.0)


meaning_of = functools.cache(Meaning)
"""`Meaning` of a tuple of columns."""


@functools.cache
def _shape(columns: tuple[str, ...], *, is_talk: bool) -> Shape:
    """Return the shape of rows with these columns.

    Raises:
        Misfit: If the columns do not hold a pair.
    """
    meaning = meaning_of(columns)
    needed = dict(meaning.texts) if is_talk else {**meaning.texts, "prompt": meaning.prompt}
    for field, name in needed.items():
        # Messages have one name only; a text on one side and messages on the other is no pair.
        if name is None or (is_talk and name != field):
            raise Misfit(field, "missing-field", f"the field {field!r} is missing or null")
    required = [name for name in needed.values() if name]
    if is_talk:
        lists = [*SIDES, *(["messages"] if "messages" in columns else [])]
        required += [f"{name}.{part}" for name in lists for part in ("content", "role")]
    kinds = {**_FIELDS, **dict.fromkeys(SIDES, _TALK if is_talk else pa.string())}
    return Shape(
        schema=pa.schema([(name, kinds[name]) for name in columns]),
        note=json.dumps([is_talk, *columns]),
        required=tuple(required),
    )


def _fit(value: Any) -> tuple[Shape, dict[str, Any]]:
    if not isinstance(value, dict):
        raise Misfit(None, "wrong-type", f"a row is an object, this is {type(value).__name__}")
    columns = tuple(sorted(name for name in value if name in _FIELDS or name in SIDES))
    is_talk = any(isinstance(value.get(side), list) for side in SIDES)
    for name in (*SIDES, "messages"):
        given = value.get(name)
        for index, message in enumerate(given if isinstance(given, list) else ()):
            parts = (
                (message.get("role"), message.get("content")) if isinstance(message, dict) else ()
            )
            if not parts or None in parts:
                reason = f"{name}[{index}] is no message with role and content"
                raise Misfit(name, "wrong-type", reason)
    tidy = {**value, "metadata": {}} if value.get("metadata", 0) is None else value
    return _shape(columns, is_talk=is_talk), tidy


def _of_schema(schema: pa.Schema) -> Shape | None:
    columns = tuple(sorted(schema.names))
    if any(name not in _FIELDS and name not in SIDES for name in columns):
        return None
    kind = schema.field("chosen").type if "chosen" in columns else pa.string()
    try:
        return _shape(columns, is_talk=pa.types.is_list(kind) or pa.types.is_large_list(kind))
    except Misfit:
        return None


PAIRS = Format(
    fit=_fit,
    of_schema=_of_schema,
    expected="chosen, rejected (messages; or texts, with prompt), score_chosen, score_rejected",
)
"""The format of a row."""


def common_columns(part: Part) -> pl.DataFrame:
    """Bring the rows of a part to common columns.

    Returns:
        row, patch, subset, prompt_text, chosen, rejected and messages (as messages), score_* and
        model_* of both sides, rest (a struct of what has no place; null when there is none), and
        size: how many messages both sides begin with in common, leaving at least one to each.
    """
    columns = tuple(part.table.column_names)
    meaning = meaning_of(columns)
    frame = pl.from_arrow(part.table)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - narrows the type; a table gives a frame
    prompt = _column(meaning.prompt, pl.String())
    scores = {side: _column(meaning.scores[side], pl.Float64()) for side in SIDES}
    if meaning.has_metadata:
        scores = {side: pl.col("metadata").struct.field(f"score_{side}") for side in SIDES}
    both = frame.select(
        pl.Series("row", part.rows),
        pl.Series("patch", part.patches or [None] * len(part.rows), dtype=pl.String),
        subset=_column("source" if "source" in columns else None, pl.String()),
        prompt_text=prompt,
        messages=_messages("messages") if "messages" in columns else pl.lit(None, MESSAGES),
        rest=pl.struct(meaning.rest) if meaning.rest else pl.lit(None),
        **{
            side: _texts(name, prompt) if frame.schema[name] == pl.String else _messages(name)
            for side, name in meaning.texts.items()
            if name
        },
        **{f"score_{side}": score for side, score in scores.items()},
        **{f"model_{side}": _column(name, pl.String()) for side, name in meaning.models.items()},
    )
    return both.with_columns(size=_common_size(both))


def _column(name: str | None, dtype: pl.DataType) -> pl.Expr:
    return pl.lit(None, dtype) if name is None else pl.col(name)


def _messages(name: str) -> pl.Expr:
    role, content = (pl.element().struct.field(part) for part in ("role", "content"))
    return pl.col(name).list.eval(pl.struct(role=role, content=content)).cast(MESSAGES)


def _texts(name: str, prompt: pl.Expr) -> pl.Expr:
    return pl.concat_list(
        pl.struct(role=pl.lit("user"), content=prompt),
        pl.struct(role=pl.lit("assistant"), content=pl.col(name)),
    ).cast(MESSAGES)


def _common_size(both: pl.DataFrame) -> pl.Series:
    chosen, rejected = pl.col("chosen"), pl.col("rejected")
    most = pl.min_horizontal(chosen.list.len(), rejected.list.len()).cast(pl.Int64) - 1
    sizes = pl.zeros(both.height, pl.Int64, eager=True)
    # One step per turn for all rows at once, until no row has a common message left.
    turn = 0
    while True:
        one, other = (side.list.get(turn, null_on_oob=True) for side in (chosen, rejected))
        is_same = both.select((most > turn) & (one == other).fill_null(value=False)).to_series()
        is_same &= sizes == turn
        if not is_same.any():
            return sizes.alias("size")
        sizes += is_same.cast(pl.Int64)
        turn += 1


def refused(part: Part, both: pl.DataFrame) -> tuple[NDArray[np.int64], list[Reject]]:
    """Return the positions of rows that hold no pair on the scale, and their rejects."""
    meaning = meaning_of(tuple(part.table.column_names))
    checks: list[tuple[str, pl.Expr, str, pl.Expr]] = []
    for side in SIDES:
        score = pl.col(f"score_{side}")
        is_off = ~score.is_between(1, meaning.scale_max)
        wrong = pl.format(f"the score of {side} is {{}}, expected 1 to {meaning.scale_max}", score)
        field = meaning.scores[side] or "metadata"
        checks.append((field, is_off, "unknown-value", wrong))
        is_empty = pl.col(side).list.len() == 0
        text = meaning.texts[side] or side
        checks.append((text, is_empty, "missing-field", pl.lit(f"{text} holds no message")))
        roles = pl.col(side).list.eval(pl.element().struct.field("role"))
        strange = roles.list.set_difference(pl.lit(list(_ROLES), pl.List(pl.String)))
        odd = pl.format(f"{text} holds the role '{{}}'", strange.list.first())
        checks.append((text, strange.list.len() > 0, "unknown-value", odd))
    found = [
        both.with_row_index("index")
        .filter(is_bad)
        .select("index", "row", field=pl.lit(field), rule=pl.lit(rule), reason=reason)
        for field, is_bad, rule, reason in checks
    ]
    bad = pl.concat(found).unique("index", keep="first", maintain_order=True).sort("index")
    where = bad["index"].cast(pl.Int64).to_numpy()
    raws = part.table.take(pa.array(where)).to_pylist() if bad.height else []
    rejects = [
        Reject(
            row["row"],
            row["rule"],
            row["reason"],
            field=row["field"],
            raw=json.dumps(raw, ensure_ascii=False),
        )
        for row, raw in zip(bad.iter_rows(named=True), raws, strict=True)
    ]
    return where, rejects
