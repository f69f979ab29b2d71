"""Texts of more pairs than memory holds, in the order of an export, by way of the disk.

Texts lie in the order of the raw rows, and an export is in the order of ``pair_id``. Sorting all
texts writes and reads them several times over. Here each table is read once, from its beginning to
its end, and a row is put away with the others of its block: the pairs that stand next to it in the
export. One block after the other is then read back and sorted in memory.
"""

from __future__ import annotations

import io
import tempfile
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl

from prefdata.tables.packed import packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Blocks", "Places", "frames_of"]

_SEEDS = (0, 1)
_PLACE = "place"


class Blocks:
    """Rows by place, put away in any order and read back block by block; a context manager."""

    def __init__(self, size: int, folder: Path | None) -> None:
        """Make a file without a name, so that nothing is left of it when this process is killed.

        Args:
            size: Places in a block.
            folder: Where the file is made; the system's place for such files when None.
        """
        # It is closed by the context manager that this class is.
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._size = size
        self._pieces: dict[int, list[tuple[int, int]]] = {}
        self._empty = pl.DataFrame(schema={_PLACE: pl.Int64})

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the file."""
        self._file.close()

    @property
    def n_bytes(self) -> int:
        """What was put away takes so much of the disk."""
        return self._file.seek(0, io.SEEK_END)

    def put(self, frame: pl.DataFrame) -> None:
        """Put rows away.

        Args:
            frame: Column place, 0 and up, and any others; the same in each call.
        """
        self._empty = frame.clear()
        parts = frame.with_columns(_block=pl.col(_PLACE) // self._size).partition_by(
            "_block", as_dict=True, include_key=False
        )
        for (block,), part in parts.items():
            piece = packed(part, "zstd")
            start = self.n_bytes
            self._file.write(piece)
            self._pieces.setdefault(block, []).append((start, len(piece)))

    def take(self, number: int) -> pl.DataFrame:
        """Return the rows of a block in order of their places.

        Args:
            number: Its first place, over the size of a block.
        """
        frames = []
        for start, n_bytes in self._pieces.get(number, ()):
            self._file.seek(start)
            frames.append(pl.read_ipc_stream(io.BytesIO(self._file.read(n_bytes))))
        return pl.concat(frames).sort(_PLACE) if frames else self._empty


class Places:
    """Where in an export each id stands: at no place, at one, or at several."""

    def __init__(self, ids: Iterable[tuple[pl.Series, NDArray[np.int64]]]) -> None:
        """Take ids with a place for each.

        An id is kept as a hash of 128 bits, as long as the digests that ids are: with its place
        24 bytes.
        """
        found = [(*_bits(series), places) for series, places in ids]
        first, second, places = (
            (np.concatenate(parts) for parts in zip(*found, strict=True))
            if found
            else (np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.int64))
        )
        order = np.argsort(first, kind="stable")
        self._first, self._second, self._places = first[order], second[order], places[order]

    def rows(self, frame: pl.DataFrame, key: str) -> pl.DataFrame:
        """Return one row for each place of each row, with a column place, and without the key.

        Args:
            frame: Rows of a table.
            key: Its column of ids.
        """
        first, second = _bits(frame[key])
        # Neighbours in the table of places are looked up one after the other.
        order = np.argsort(first)
        low = np.searchsorted(self._first, first[order], side="left")
        n_alike = np.searchsorted(self._first, first[order], side="right") - low
        row = np.repeat(order, n_alike)
        begins = np.cumsum(n_alike) - n_alike
        at = np.repeat(low - begins, n_alike) + np.arange(len(row))
        is_same = self._second[at] == second[row]
        kept, at = row[is_same], at[is_same]
        rows = frame.drop(key).select(pl.all().gather(kept))
        return rows.with_columns(pl.Series(_PLACE, self._places[at]))


def _bits(ids: pl.Series) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    first, second = (ids.hash(seed).to_numpy() for seed in _SEEDS)
    return first, second


def frames_of(frames: Iterable[pl.DataFrame], n_rows: int) -> Iterator[pl.DataFrame]:
    """Yield the same rows in frames of this many, and the rest."""
    waiting: list[pl.DataFrame] = []
    height = 0
    for given in frames:
        waiting.append(given)
        height += given.height
        while height >= n_rows:
            frame = pl.concat(waiting) if len(waiting) > 1 else waiting[0]
            yield frame.head(n_rows)
            height -= n_rows
            waiting = [frame.slice(n_rows)]
    if height:
        yield pl.concat(waiting)
