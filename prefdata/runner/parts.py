"""Cut a source into parts that a stage can do one by one, so that memory stays bounded.

A part holds all rows of a set of prompts: the prompts, their responses, their judgments, their
pairs. Prompts with equal words are in one part, so a stage that compares rows of one wording, and
no others, gives the same rows part by part as all at once. Parts are stretches of the table of
prompts; as canonical tables are written in the order of the raw rows, a part is a stretch of the
other tables too, and reading it reads little else. Prompts whose words come up again in another
stretch are gathered in parts of their own, behind the others.

How a source is cut depends on its rows alone, never on the machine or the engine: the same rows in
the same parts give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.catalog.scan import scan_keys
from prefdata.schema import table_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from prefdata.catalog import CatalogState, Workspace
    from prefdata.catalog.state import PartitionKey

__all__ = ["PART_PROMPTS", "Part", "Stretch", "cut"]

PART_PROMPTS = 250_000
"""Prompts in a part; a source with up to half as many again is one."""
_KEY = "prompt_id"
_SEED = 0
_WIDE = 3


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some rows of some partitions of a table."""

    keys: tuple[PartitionKey, ...]
    offset: int = 0
    length: int | None = None
    """Rows; None for all that follow."""
    is_mixed: bool = False
    """Whether there are rows of other parts between them."""
    is_wide: bool = False
    """Whether most of the rows between them are of other parts."""


@dataclass(frozen=True, slots=True)
class Part:
    """All rows of some prompts, by table; picklable, so that a worker can read them."""

    workspace: Workspace
    state: CatalogState
    stretches: Mapping[str, Stretch]
    prompts: pl.DataFrame | None = None
    """Column prompt_id; needed where a stretch is mixed."""

    def frames(self) -> dict[str, pl.LazyFrame]:
        """Return the rows by table, lazily, in their order."""
        return {table: self._frame(table, stretch) for table, stretch in self.stretches.items()}

    def _frame(self, table: str, stretch: Stretch) -> pl.LazyFrame:
        rows = scan_keys(self.workspace, self.state, table, stretch.keys)
        ids = None if self.prompts is None else self.prompts[_KEY].implode()
        if stretch.is_wide and ids is not None:
            # The scan itself leaves out the rows of others, before it reads their texts.
            return rows.filter(pl.col(_KEY).is_in(ids))
        if stretch.offset or stretch.length is not None:
            rows = rows.slice(stretch.offset, stretch.length)
        if stretch.is_mixed and ids is not None:
            rows = rows.filter(pl.col(_KEY).is_in(ids))
        return rows


def cut(
    workspace: Workspace,
    state: CatalogState,
    tables: Mapping[str, tuple[PartitionKey, ...]],
    prompts: tuple[PartitionKey, ...],
    *,
    size: int = PART_PROMPTS,
) -> Iterator[Part]:
    """Yield the parts of one source; one part with everything where it is small.

    Args:
        workspace: Where the files are.
        state: What to read.
        tables: Partitions to read, by table. Tables without ``prompt_id`` are whole in each part.
        prompts: Partitions of ``prompts`` that say what belongs together.
        size: Prompts in a part.
    """
    partitions = state.table("prompts").partitions
    n_prompts = sum(entry.rows for key in prompts for entry in partitions.get(key, ()))
    if n_prompts <= size + size // 2:
        yield Part(workspace, state, {name: Stretch(keys) for name, keys in tables.items()})
        return
    ids, words = _hashes(workspace, state, prompts)
    part_of = _assigned(words, size)
    lookup = np.argsort(ids, kind="stable")
    sorted_ids, sorted_parts = ids[lookup], part_of[lookup]
    n_parts = int(part_of.max()) + 1
    bounds = {"prompts": _bounds(part_of, n_parts)}
    for name, keys in tables.items():
        if name != "prompts" and _KEY in table_schema(name).columns:
            column = _column_hashes(workspace, state, name, keys)
            places = np.minimum(np.searchsorted(sorted_ids, column), len(sorted_ids) - 1)
            bounds[name] = _bounds(sorted_parts[places], n_parts)
    for number in range(n_parts):
        stretches = {
            name: _stretch(keys, bounds[name], number) if name in bounds else Stretch(keys)
            for name, keys in tables.items()
        }
        yield Part(
            workspace,
            state,
            stretches,
            _ids_of_part(workspace, state, prompts, part_of, number, bounds["prompts"])
            if any(stretch.is_mixed for stretch in stretches.values())
            else None,
        )


def _hashes(
    workspace: Workspace, state: CatalogState, prompts: tuple[PartitionKey, ...]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return 64 bits of the id and of the words of each prompt.

    Where two ids share their bits, both are looked up as one of them. They are then in one part
    only if their prompts are; with 15 million prompts the chance that any two do is 1 in 160,000,
    and a stage would find a pair without its prompt, not a wrong one.
    """
    rows = scan_keys(workspace, state, "prompts", prompts)
    found = rows.select(
        id=pl.col(_KEY).hash(_SEED), words=pl.col("content_hash").hash(_SEED)
    ).collect(engine="streaming")
    return found["id"].to_numpy(), found["words"].to_numpy()


def _column_hashes(
    workspace: Workspace, state: CatalogState, table: str, keys: tuple[PartitionKey, ...]
) -> NDArray[np.uint64]:
    rows = scan_keys(workspace, state, table, keys).select(pl.col(_KEY).hash(_SEED))
    return rows.collect(engine="streaming").to_series().to_numpy()


def _assigned(words: NDArray[np.uint64], size: int) -> NDArray[np.int64]:
    """Return the part of each prompt: its stretch, or one behind them for words of several."""
    stretch = np.arange(len(words)) // size
    order = np.argsort(words, kind="stable")
    is_first = np.ones(len(words), bool)
    is_first[1:] = words[order][1:] != words[order][:-1]
    starts = np.flatnonzero(is_first)
    lowest = np.minimum.reduceat(stretch[order], starts)
    highest = np.maximum.reduceat(stretch[order], starts)
    sizes = np.diff(np.append(starts, len(words)))
    is_spread = np.repeat(lowest != highest, sizes)
    n_spread = int(is_spread.sum())
    if n_spread:
        n_more = np.uint64(-(-n_spread // size))
        behind = (words[order][is_spread] % n_more).astype(np.int64)
        part = np.repeat(lowest, sizes)
        part[is_spread] = int(stretch[-1]) + 1 + behind
    else:
        part = np.repeat(lowest, sizes)
    result = np.empty(len(words), np.int64)
    result[order] = part
    # A stretch whose prompts all went behind has no part.
    return np.unique(result, return_inverse=True)[1]


def _bounds(part_of: NDArray[np.int64], n_parts: int) -> NDArray[np.int64]:
    """Return the first row, the row behind the last, and the rows of each part: ``(3, n)``."""
    place = np.arange(len(part_of))
    first = np.full(n_parts, len(part_of), np.int64)
    last = np.zeros(n_parts, np.int64)
    np.minimum.at(first, part_of, place)
    np.maximum.at(last, part_of, place + 1)
    return np.stack([first, last, np.bincount(part_of, minlength=n_parts)])


def _stretch(keys: tuple[PartitionKey, ...], bounds: NDArray[np.int64], number: int) -> Stretch:
    first, last, n_rows = (int(value) for value in bounds[:, number])
    if not n_rows:
        return Stretch(keys, 0, 0)
    length = last - first
    return Stretch(keys, first, length, is_mixed=n_rows != length, is_wide=length > _WIDE * n_rows)


def _ids_of_part(
    workspace: Workspace,
    state: CatalogState,
    prompts: tuple[PartitionKey, ...],
    part_of: NDArray[np.int64],
    number: int,
    bounds: NDArray[np.int64],
) -> pl.DataFrame:
    first, last, _ = (int(value) for value in bounds[:, number])
    rows = scan_keys(workspace, state, "prompts", prompts).slice(first, last - first).select(_KEY)
    return rows.collect().filter(pl.Series(part_of[first:last] == number))
