"""Which runs of words say that two texts have one origin, and which anyone may write."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.texts.ngrams import word_lists, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.metrics.overlap import RunIndex
    from prefdata.stages._decontaminate.items import Items

__all__ = ["MIN_CONTENT_WORDS", "TEMPLATE_ITEMS", "TEMPLATE_SHARE", "telling_runs"]

MIN_CONTENT_WORDS = 2
TEMPLATE_SHARE = 0.05
TEMPLATE_ITEMS = 25
_RUNS_AT_ONCE = 1 << 18
_FUNCTION_WORDS = """
a about above after again all also am an and any are aren as at be because been before being below
between both but by can cannot could couldn d did didn do does doesn doing don down during each
else ever few for from further get got had hadn has hasn have haven having he her here hers herself
him himself his how i if in into is isn it its itself just let ll m may me might more most much must
my myself no nor not now of off on once one only or other ought our ours ourselves out over own re
s same shall she should shouldn so some such t than that the their theirs them themselves then there
these they this those through to too under until up upon us ve very was wasn we were weren what when
where which while who whom whose why will with won would wouldn you your yours yourself yourselves
"""
"""English words that carry grammar, and what `words` makes of their short forms. In languages that
are not here every word counts as one of content."""


def telling_runs(index: RunIndex, items: Items) -> NDArray[np.bool_]:
    """Tell which runs of the items are evidence when a row holds them.

    A run is none when fewer than `MIN_CONTENT_WORDS` of its different words are neither function
    words nor numbers, when fewer than half of its words are different, or when it belongs to the
    template of its set: more than `TEMPLATE_SHARE` of the items, and more than `TEMPLATE_ITEMS`,
    hold it.

    Args:
        index: Runs of the texts of ``items``.
        items: The items.

    Returns:
        ``(runs,)``: True for evidence.
    """
    firsts = index.offsets[:-1]
    starts = items.words.offsets[index.items[firsts]] + index.places[firsts]
    ordinary = _ordinary(items.table["text"])
    is_telling = ~_of_template(index, items)
    for start in range(0, len(starts), _RUNS_AT_ONCE):
        part = slice(start, start + _RUNS_AT_ONCE)
        held = np.sort(items.words.hashes[starts[part, None] + np.arange(index.n)], axis=1)
        is_new = np.ones(held.shape, bool)
        is_new[:, 1:] = held[:, 1:] != held[:, :-1]
        is_content = is_new & ~np.isin(held, ordinary)
        is_telling[part] &= is_content.sum(axis=1) >= MIN_CONTENT_WORDS
        is_telling[part] &= 2 * is_new.sum(axis=1) >= index.n
    return is_telling


def _of_template(index: RunIndex, items: Items) -> NDArray[np.bool_]:
    """Tell which runs too many items of one evaluation set hold."""
    if not len(index.items):
        return np.zeros(len(index.hashes), bool)
    item, evaluation = items.item_numbers, items.evaluation_numbers
    runs = np.repeat(np.arange(len(index.hashes)), index.n_items)
    n_items = int(item.max()) + 1
    held_by, holder = np.divmod(np.unique(runs * n_items + item[index.items]), n_items)
    # Each item is of one evaluation set.
    set_of = np.zeros(n_items, np.int64)
    set_of[item] = evaluation
    limits = np.maximum(TEMPLATE_SHARE * np.bincount(set_of), TEMPLATE_ITEMS)
    n_sets = len(limits)
    held, counts = np.unique(held_by * n_sets + set_of[holder], return_counts=True)
    is_template = np.zeros(len(index.hashes), bool)
    is_template[held[counts > limits[held % n_sets]] // n_sets] = True
    return is_template


def _ordinary(texts: pl.Series) -> NDArray[np.uint64]:
    """Return the hashes of function words, and of the numbers that stand in the texts."""
    found = word_lists(texts).explode(empty_as_null=False, keep_nulls=False).unique()
    numbers = found.filter(found.str.contains(r"^\p{N}+$"))
    return np.concatenate([_function_words(), words(numbers).hashes])


@functools.cache
def _function_words() -> NDArray[np.uint64]:
    return words(pl.Series([_FUNCTION_WORDS])).hashes
