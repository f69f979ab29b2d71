"""Rows with a text, read a batch at a time; which of them have equal texts.

Of a row only 16 bytes of its digest and a few flags stay in memory; its id and text are read
again if it turns out to have a duplicate, or to stand for a text that is compared further.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.core.events import Progress, StepStarted
from prefdata.tables.identity import hash_texts
from prefdata.texts.normal import is_blank, normalised
from prefdata.texts.stretches import batches, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from prefdata.protocols import Context
    from prefdata.stages._dedup.params import Dedup

__all__ = ["Distinct", "Rows", "distinct_texts", "halves", "picked", "read_rows"]


@dataclass(frozen=True, slots=True)
class Rows:
    """What is remembered of every row, in the order in which the rows are read."""

    keys: NDArray[np.uint64]
    """``(n, 2)`` digests of the normalised texts."""
    is_blank: NDArray[np.bool_]
    source: NDArray[np.int16]
    """Number of the source, oldest first."""
    is_old: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Distinct:
    """The distinct texts of the rows, in the order of their digests; blank ones are left out."""

    text_of: NDArray[np.int64]
    """``(n_rows,)``: number of the text; -1 of a blank row."""
    first_row: NDArray[np.int64]
    """``(n,)``: the first row that has the text."""
    n_rows: NDArray[np.int64]
    """``(n,)``: how many rows have it."""
    is_old: NDArray[np.bool_]
    """``(n,)``: whether an old row has it."""
    part: NDArray[np.int16]
    """``(n,)``: texts are compared only within a part: the source, or the whole catalog."""

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.first_row)


def read_rows(
    texts: pl.LazyFrame,
    old: pl.LazyFrame | None,
    params: Dedup,
    context: Context,
    *,
    used: NDArray[np.bool_] | None = None,
) -> Rows:
    """Read all rows once.

    Args:
        texts: Columns ``id``, ``source`` and ``text``.
        old: Column ``id``: the rows that are old.
        params: Say how texts are normalised.
        context: Names the sources, the oldest first, and hears how far it is.
        used: Which rows count; the others are taken as blank. All when None.
    """
    names = _sources(texts, context.sources)
    is_old: pl.Expr = pl.lit(value=False)
    if old is not None:
        # No join: to keep its order, it would hold all texts.
        is_old = pl.col("id").is_in(old.select("id").collect()["id"].implode())
    asked = texts.select(
        is_old.alias("is_old"),
        numbered("source", names),
        normalised("text", unicode=params.unicode, case=params.case, space=params.space).fill_null(
            ""
        ),
        is_blank=is_blank("text"),
    )
    label = f"{context.step}: read {params.subject}"
    context.report(StepStarted(label, "dedup"))
    parts: list[tuple[NDArray[np.uint64], pl.DataFrame]] = []
    done = 0
    for batch in batches(asked):
        parts.append((halves(hash_texts(batch["text"])), batch.drop("text")))
        done += batch.height
        context.report(Progress(label, done))
    kept = pl.concat([asked.drop("text").clear().collect(), *(part[1] for part in parts)])
    is_blank_row = kept["is_blank"].to_numpy()
    return Rows(
        keys=np.concatenate([np.empty((0, 2), np.uint64), *(part[0] for part in parts)]),
        is_blank=is_blank_row if used is None else is_blank_row | ~used,
        source=kept["source"].to_numpy(),
        is_old=kept["is_old"].to_numpy(),
    )


def _sources(texts: pl.LazyFrame, oldest_first: Sequence[str]) -> list[str]:
    present = texts.select("source").unique().collect()["source"].sort().to_list()
    return [*oldest_first, *(name for name in present if name not in oldest_first)]


def halves(digests: pl.Series) -> NDArray[np.uint64]:
    """Return digests of 32 hex digits as two numbers each, which sort as the digits do."""
    joined = "".join(digests.to_list())
    pairs = np.frombuffer(bytes.fromhex(joined), ">u8").reshape(-1, 2)
    return pairs.astype(np.uint64)


def distinct_texts(rows: Rows, *, within: str) -> Distinct:
    """Group rows with equal digests.

    Args:
        rows: The rows.
        within: ``source`` to group the rows of each source for themselves, or ``catalog``.
    """
    live = np.flatnonzero(~rows.is_blank)
    part = rows.source[live] if within == "source" else np.zeros(len(live), np.int16)
    first, second = rows.keys[live, 0], rows.keys[live, 1]
    order = np.argsort(first, kind="stable")
    is_same = first[order][1:] == first[order][:-1]
    differs = (second[order][1:] != second[order][:-1]) | (part[order][1:] != part[order][:-1])
    if (is_same & differs).any():
        # Half a digest is enough for nearly all texts, and sorting by it takes a third of the time.
        order = np.lexsort((part, second, first))
        is_same = first[order][1:] == first[order][:-1]
        differs = (second[order][1:] != second[order][:-1]) | (part[order][1:] != part[order][:-1])
    is_new = np.ones(len(order), bool)
    is_new[1:] = ~is_same | differs
    starts = np.flatnonzero(is_new)
    text_of = np.full(len(rows.is_blank), -1, np.int64)
    text_of[live[order]] = np.cumsum(is_new) - 1
    is_old = np.zeros(len(starts), bool)
    is_old[text_of[live[rows.is_old[live]]]] = True
    return Distinct(
        text_of=text_of,
        # Both sorts keep equal rows in the order in which they were read.
        first_row=live[order[starts]],
        n_rows=np.diff(np.append(starts, len(order))),
        is_old=is_old,
        part=part[order[starts]],
    )


def picked(frame: pl.LazyFrame, mask: NDArray[np.bool_]) -> Iterator[pl.DataFrame]:
    """Yield the rows of a mask, batch by batch, with their number in the column ``row``."""
    done = 0
    for batch in batches(frame):
        here = np.flatnonzero(mask[done : done + batch.height])
        if len(here):
            yield batch[here].with_columns(row=pl.Series(here + done, dtype=pl.Int64))
        done += batch.height
