"""The principles that are voted on, each once, with their places in the lists of votes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.constitution.ballots import read_principles
from prefdata.constitution.names import principle_id
from prefdata.schema import polars_schema, table_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefdata.constitution.document.model import Document
    from prefdata.constitution.voting.standard import Standard

__all__ = ["blocks_of", "list_principles"]


def list_principles(
    tables: Mapping[str, pl.LazyFrame],
    steps: Sequence[str],
    *,
    given: Sequence[str] = (),
    document: Document | None = None,
    standard: Standard | None = None,
) -> pl.DataFrame:
    """Return what is voted on: principles of other steps, then others, each once.

    The order is that of the steps and of their positions; what was worded by the user comes
    behind, then a constitution, then a standard list. Principles with the same words are one, and
    keep what the first place knows of them.

    Args:
        tables: ``principles``, of one source.
        steps: The steps whose principles are voted on.
        given: Sentences of the user.
        document: A constitution from a file. A principle that holds by its opposite is voted on
            in the words in which it holds.
        standard: A list that ships with the package.

    Returns:
        Columns of ``principles`` without source and stage, sorted by ``position``.
    """
    schema = {
        name: dtype
        for name, dtype in polars_schema(table_schema("principles")).items()
        if name not in ("source", "stage")
    }
    read = read_principles(tables, steps).select(
        pl.col(name).cast(dtype) for name, dtype in schema.items()
    )
    worded: list[dict[str, Any]] = [{"sentence": sentence} for sentence in given]
    if document is not None:
        worded += [one.model_dump(include=_WORDS) for one in document.principles]
    if standard is not None:
        worded += [one.model_dump(include=_WORDS) for one in standard.principles]
    more = pl.DataFrame(
        [_EMPTY | one for one in worded], schema=dict.fromkeys(_EMPTY, pl.String)
    ).with_columns(pl.col("sentence").str.replace_all(r"\s+", " ").str.strip_chars(" ."))
    made = more.select(
        principle_id(more["sentence"]),
        *_EMPTY,
        origin=pl.lit("given"),
        **{
            name: pl.lit(None, dtype)
            for name, dtype in schema.items()
            if name not in {"principle_id", "origin", *_EMPTY}
        },
    ).select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    return (
        pl.concat([read, made])
        .unique("principle_id", keep="first", maintain_order=True)
        .with_columns(position=pl.int_range(pl.len(), dtype=pl.Int32))
    )


def blocks_of(principles: pl.DataFrame) -> list[int]:
    """Return for each principle the block it is asked about in: others, then the user's own.

    A principle that the user adds must not change the requests for those that are there, whose
    answers are paid.

    Args:
        principles: As `list_principles` returns them.
    """
    is_given = pl.col("origin") == "given"
    is_own = is_given & pl.col("name").is_null()
    block = pl.when(is_own).then(1).when(is_given).then(2).otherwise(0)
    return principles.select(block).to_series().to_list()


_EMPTY: dict[str, Any] = {"name": None, "sentence": None, "opposite": None}
_WORDS = set(_EMPTY)
