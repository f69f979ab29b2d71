"""Valid rows of any contract for hypothesis, rules included."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
from hypothesis import assume
from hypothesis import strategies as st

from prefdata.schema import check, polars_schema
from prefdata.schema.typeexpr import ListOf, Scalar, StructOf, TypeTree

if TYPE_CHECKING:
    from prefdata.schema import Column, TableSchema

__all__ = ["rows_for"]

Row = dict[str, Any]
Mend = Callable[[st.DrawFn, Row], Row]

_TEXT_CHARACTERS = 12
_LIST_ITEMS = 3
_SCALE = (-100.0, 100.0)


_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(st.characters(codec="utf-8"), max_size=_TEXT_CHARACTERS),
    "bool": st.booleans(),
    # Timestamps of contracts are UTC without a zone.
    "timestamp[us]": st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2100, 1, 1)),  # noqa: DTZ001
}


@st.composite
def rows_for(
    draw: st.DrawFn, schema: TableSchema, min_size: int = 0, max_size: int = 10
) -> pl.DataFrame:
    """Draw a frame of ``min_size`` to ``max_size`` rows that breaks no rule of the contract.

    Enums, limits, nulls and the primary key are held for every contract. The SQL rules of the
    shipped contracts are held by construction, those of others by discarding rows.
    """
    row = _rows(schema)
    key = schema.primary_key
    rows = draw(
        st.lists(
            row,
            min_size=min_size,
            max_size=max_size,
            unique_by=(lambda row: tuple(row[name] for name in key)) if key else None,
        )
    )
    frame = pl.DataFrame(rows, schema=polars_schema(schema), orient="row")
    good = check(frame, schema).good
    assume(good.height >= min_size)
    return good


@st.composite
def _rows(draw: st.DrawFn, schema: TableSchema) -> Row:
    row = {name: draw(_values(column)) for name, column in schema.columns.items()}
    mend = _MENDS.get(schema.id)
    return mend(draw, row) if mend else row


def _values(column: Column) -> st.SearchStrategy[Any]:
    values: st.SearchStrategy[Any]
    if column.enum is not None:
        values = st.sampled_from(column.enum)
    else:
        values = _of_type(column.tree, column.min, column.max)
    return st.none() | values if column.nullable else values


def _of_type(
    tree: TypeTree, least: float | None = None, most: float | None = None
) -> st.SearchStrategy[Any]:
    match tree:
        case ListOf(item):
            return st.lists(_of_type(item), max_size=_LIST_ITEMS)
        case StructOf(fields):
            return st.fixed_dictionaries({name: _of_type(part) for name, part in fields})
        case Scalar("int32" | "int64" as name):
            limit = 2 ** (int(name.removeprefix("int")) - 1)
            return st.integers(
                -limit if least is None else int(least), limit - 1 if most is None else int(most)
            )
        case Scalar("float32" | "float64" as name):
            width: Literal[32, 64] = 32 if name == "float32" else 64
            return st.floats(least, most, allow_nan=False, allow_infinity=False, width=width)
        case Scalar(name):
            return _SCALARS[name]


def _annotator(draw: st.DrawFn, row: Row) -> Row:
    del draw
    is_unnamed = row["kind"] == "model" and row["model"] is None
    return {**row, "model": "a-model"} if is_unnamed else row


def _decision(draw: st.DrawFn, row: Row) -> Row:
    del draw
    return row if row["is_kept"] else {**row, "reason": row["reason"] or "flag:planted"}


def _judgment(draw: st.DrawFn, row: Row) -> Row:
    """Draw the parallel lists, and a choice that fits the outcome."""
    ids = draw(st.lists(_SCALARS["string"], min_size=1, max_size=4, unique=True))

    def parallel(item: st.SearchStrategy[Any]) -> list[Any] | None:
        lists = st.lists(item, min_size=len(ids), max_size=len(ids))
        return draw(st.none() | lists)

    chosen = [False] * len(ids)
    if row["outcome"] == "chosen":
        spot = draw(st.integers(0, len(ids) - 1))
        chosen = [draw(st.booleans()) or place == spot for place in range(len(ids))]
    is_marked = row["outcome"] == "chosen" or draw(st.booleans())
    low, high = _SCALE if draw(st.booleans()) else (None, None)
    return {
        **row,
        "response_ids": ids,
        "chosen": chosen if row["outcome"] is not None and is_marked else None,
        "ranks": parallel(st.integers(1, len(ids))),
        "scores": parallel(st.none() | st.floats(*_SCALE)),
        "raw_values": parallel(st.none() | _SCALARS["string"]),
        "comments": parallel(st.none() | _SCALARS["string"]),
        "scale_min": low,
        "scale_max": high,
    }


def _pair(draw: st.DrawFn, row: Row) -> Row:
    del draw
    rejected = row["rejected_id"]
    if rejected == row["chosen_id"]:
        rejected += "'"
    unit = row["margin_unit"] if row["margin"] is None else row["margin_unit"] or "points"
    return {**row, "rejected_id": rejected, "margin_unit": unit}


def _response(draw: st.DrawFn, row: Row) -> Row:
    text = draw(_SCALARS["string"])
    last = {"role": "assistant", "content": text}
    return {**row, "text": text, "messages": [*row["messages"], last]}


def _source_file(draw: st.DrawFn, row: Row) -> Row:
    rejected = draw(st.integers(0, row["rows_in"]))
    return {**row, "rows_rejected": rejected, "rows_out": row["rows_in"] - rejected}


_MENDS: dict[str, Mend] = {
    "annotators.v1": _annotator,
    "decisions.v1": _decision,
    "judgments.v1": _judgment,
    "pairs.v1": _pair,
    "responses.v1": _response,
    "source_files.v1": _source_file,
}
"""Make a drawn row keep the SQL rules of a contract."""
