"""Counts and chance: shrink published tables, fill columns exactly, draw from named seeds."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["apportion", "column", "generator", "pick", "planted", "shrink"]

Key = TypeVar("Key")

_MIN_ROWS = 50


def generator(seed: int, *names: str) -> np.random.Generator:
    """Make the generator that belongs to a seed and a name, the same on every machine."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def apportion(weights: Mapping[Key, int], total: int) -> dict[Key, int]:
    """Divide a total by whole-number weights with the largest-remainder rule.

    Equal remainders go to the earlier key, so the answer depends on nothing but the input.

    Examples:
        >>> apportion({"a": 2, "b": 1}, 4)
        {'a': 3, 'b': 1}
    """
    whole = sum(weights.values())
    if whole == 0:
        return dict.fromkeys(weights, 0)
    shares = {key: divmod(weight * total, whole) for key, weight in weights.items()}
    counts = {key: quotient for key, (quotient, _) in shares.items()}
    missing = total - sum(counts.values())
    ranked = sorted(shares, key=lambda key: -shares[key][1])  # sorted() is stable
    for key in ranked[:missing]:
        counts[key] += 1
    return counts


def shrink(table: Mapping[Key, int], scale: float) -> dict[Key, int]:
    """Shrink a table of counts to a share of its size; scale 1.0 changes nothing."""
    return apportion(table, max(1, round(sum(table.values()) * scale)))


def planted(hits: int, of: int, rows: int) -> int:
    """Count the rows that get a quirk seen in `hits` out of `of` published rows.

    A file of 50 rows or more gets at least one.
    """
    exact = (2 * hits * rows + of) // (2 * of)
    return max(exact, 1) if rows >= _MIN_ROWS and hits else min(exact, rows)


def pick(rng: np.random.Generator, rows: int, count: int) -> NDArray[np.int64]:
    """Choose distinct rows, in ascending order."""
    chosen = rng.choice(rows, size=min(count, rows), replace=False)
    return np.sort(chosen).astype(np.int64)


def column(
    rng: np.random.Generator, table: Mapping[Key, int], rows: int | None = None
) -> list[Key]:
    """Fill a column that holds each value exactly as often as the table says, shuffled.

    Args:
        rng: Decides the order.
        table: Values and their counts.
        rows: Shrink the table to this many rows first.
    """
    counts = table if rows is None else apportion(table, rows)
    values = list(counts)
    indices = np.repeat(np.arange(len(values)), [counts[value] for value in values])
    rng.shuffle(indices)
    return [values[index] for index in indices.tolist()]
