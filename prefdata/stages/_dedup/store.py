"""Shingles of many texts in a file, so that memory does not bound how many are compared."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from prefdata.metrics.jaccard import Sets, merged, sets_of
from prefdata.stages._dedup.rows import picked
from prefdata.texts.ngrams import characters, ngrams, stretches, words
from prefdata.texts.normal import normalised

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl
    from numpy.typing import NDArray

    from prefdata.stages._dedup.params import Dedup
    from prefdata.stages._dedup.rows import Distinct

__all__ = ["STRETCH_BYTES", "Of", "Part", "SetStore", "Union", "shingle_store", "shingles_of"]

_ITEM = 8
"""Bytes of a shingle."""

# What a stretch of characters takes is some 60 times its size.
STRETCH_BYTES = 4_000_000


class Part(Protocol):
    """The sets of one part of each thing that is compared."""

    @property
    def weights(self) -> NDArray[np.int64]:
        """How many elements each set has at most."""
        ...

    def take(self, numbers: NDArray[np.int64]) -> Sets:
        """Return the sets of some things."""
        ...


class SetStore:
    """Sets of shingles by the number of their text; the last number, -1, is an empty set."""

    def __init__(self, n: int, folder: Path | None) -> None:
        """Make room for ``n`` sets, in a file without a name."""
        # It is closed by the context manager that this class is.
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._starts = np.zeros(n + 1, np.int64)
        self._sizes = np.zeros(n + 1, np.int64)
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def put(self, numbers: NDArray[np.int64], sets: Sets) -> None:
        """Write the sets of some texts."""
        self._starts[numbers] = self._end + sets.offsets[:-1]
        self._sizes[numbers] = sets.sizes
        self._end += len(sets.items)
        self._file.write(sets.items.tobytes())

    def finish(self) -> None:
        """Make what was written readable."""
        self._file.flush()

    @property
    def weights(self) -> NDArray[np.int64]:
        """The size of each set."""
        return self._sizes[:-1]

    def take(self, numbers: NDArray[np.int64]) -> Sets:
        """Return the sets of some texts."""
        starts, sizes = self._starts[numbers], self._sizes[numbers]
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        items = np.empty(int(offsets[-1]), np.uint64)
        # Read and not mapped: pages of a mapped file would count as memory of this process. A loop
        # over sets, in the order of the file; those that follow each other are read at once.
        order = np.argsort(starts, kind="stable")
        descriptor, view = self._file.fileno(), items.data.cast("B")
        for i in order[sizes[order] > 0].tolist():
            begin, n_bytes = int(offsets[i]) * _ITEM, int(sizes[i]) * _ITEM
            os.preadv(descriptor, [view[begin : begin + n_bytes]], int(starts[i]) * _ITEM)
        return Sets(items, offsets)


class Of:
    """The part of a thing that is one text, such as the prompt of a pair."""

    def __init__(self, store: SetStore, text: NDArray[np.int64]) -> None:
        """Note which text each thing has."""
        self._store, self._text = store, text

    @property
    def weights(self) -> NDArray[np.int64]:
        """The size of each set."""
        return np.append(self._store.weights, 0)[self._text]

    def take(self, numbers: NDArray[np.int64]) -> Sets:
        """Return the sets of some things."""
        return self._store.take(self._text[numbers])


class Union:
    """The part of a thing that is two texts in any order, such as the responses of a pair."""

    def __init__(
        self, store: SetStore, first: NDArray[np.int64], second: NDArray[np.int64]
    ) -> None:
        """Note which texts each thing has."""
        self._first, self._second = Of(store, first), Of(store, second)

    @property
    def weights(self) -> NDArray[np.int64]:
        """The size of both sets."""
        return self._first.weights + self._second.weights

    def take(self, numbers: NDArray[np.int64]) -> Sets:
        """Return the unions of the two sets of some things."""
        return merged(self._first.take(numbers), self._second.take(numbers))


def shingle_store(
    texts: pl.LazyFrame,
    distinct: Distinct,
    params: Dedup,
    folder: Path | None,
    wanted: NDArray[np.int64] | None = None,
) -> SetStore:
    """Read each distinct text once and store its shingles.

    Args:
        texts: Column ``text``, of the rows that ``distinct`` was made of.
        distinct: Which rows hold which text.
        params: Say what a shingle is.
        folder: Where the file is made; the system's place for such files when None.
        wanted: Numbers of the texts whose shingles are needed; all when None.
    """
    store = SetStore(len(distinct), folder)
    mask = np.zeros(len(distinct.text_of), bool)
    mask[distinct.first_row if wanted is None else distinct.first_row[wanted]] = True
    for batch in picked(texts.select("text"), mask):
        numbers = distinct.text_of[batch["row"].to_numpy()]
        done = 0
        for part in stretches(batch["text"], max_bytes=STRETCH_BYTES):
            store.put(numbers[done : done + part.len()], shingles_of(part, params))
            done += part.len()
    store.finish()
    return store


def shingles_of(texts: pl.Series, params: Dedup) -> Sets:
    if params.shingle == "words":
        grams = words(texts, unicode=params.unicode, case=params.case)
    else:
        column = normalised("text", unicode=params.unicode, case=params.case, space=False)
        # Without punctuation, so that a comma more or less is no difference.
        column = column.str.replace_all(r"[^\w\s]+", "")
        if params.space:
            column = normalised(column, unicode=False, case=False)
        grams = characters(texts.alias("text").to_frame().select(column).to_series())
    runs = ngrams(grams, params.shingle_size)
    return sets_of(runs.hashes, runs.offsets)
