"""Which runs of words of a rationale are in its two responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.texts.ngrams import UNSPACED, Grams, ngrams, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WordsOf", "is_among", "is_unspaced", "pieces", "rows_of", "words_of"]

_SHIFT = np.uint64(16)
_OWNER = np.uint64(48)


@dataclass(frozen=True, slots=True)
class WordsOf:
    """Hashed words of the two responses of each row."""

    x: Grams
    y: Grams


def words_of(rows: pl.DataFrame) -> WordsOf:
    """Return the words of the responses.

    Args:
        rows: With ``x_text`` and ``y_text``, at most 65,536.
    """
    return WordsOf(words(rows["x_text"]), words(rows["y_text"]))


def is_unspaced(texts: pl.Series) -> NDArray[np.bool_]:
    """Tell which texts are mostly of a script without spaces, whose words are characters here.

    Args:
        texts: The texts; null ones are not.
    """
    share = pl.col("text").str.count_matches(f"[{UNSPACED}]") * 2 > pl.col(
        "text"
    ).str.count_matches(r"\p{L}")
    frame = texts.alias("text").to_frame().select(share.fill_null(value=False))
    return np.asarray(frame.to_series().to_numpy(), bool)


def pieces(grams: Grams, n: int, *, whole: bool = False) -> NDArray[np.uint64]:
    """Return the distinct runs of ``n`` words of all rows, each with the number of its row.

    Args:
        grams: Words of each row, of at most 65,536 rows.
        n: Words in a run.
        whole: Take a text of fewer words as one run of all.

    Returns:
        Rising keys: the row in the upper 16 bits, 48 bits of the hash below.
    """
    runs = ngrams(grams, n) if n > 1 else grams
    owners = runs.owners
    kept = slice(None) if whole or n == 1 else (grams.counts >= n)[owners]
    keys = (owners.astype(np.uint64) << _OWNER) | (runs.hashes >> _SHIFT)
    keys = keys[kept]
    # Sorting is several times faster here than the hashing of numpy's `unique`.
    keys.sort()
    is_new = np.ones(len(keys), bool)
    is_new[1:] = keys[1:] != keys[:-1]
    return keys[is_new]


def is_among(keys: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Tell which keys are among others.

    Args:
        keys: As `pieces` returns them.
        others: The same, of other texts.
    """
    places = np.searchsorted(others, keys)
    found = places < len(others)
    found[found] = others[places[found]] == keys[found]
    return found


def rows_of(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the row of each key.

    Args:
        keys: As `pieces` returns them.
    """
    return (keys >> _OWNER).astype(np.int64)
