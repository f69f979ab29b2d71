"""Ids of real annotators in what is staged: as whole words, so that short ones raise no alarm."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from prefdata.publishing._privacy_gate.staged import Leaf

__all__ = ["RawIds"]

_PERSON = re.compile("annotator|worker|rater|judge|user|person|participant")
_MIN_LABEL, _MIN_NUMBER, _MIN_ANYWHERE = 4, 10, 12


class RawIds:
    """The ids of the catalog, ``<source>:<native id>``, and the native ids in them.

    A whole id is looked for everywhere. A native id is looked for where it tells something:
    everywhere if it is long, has letters and digits (such as those of recruitment platforms);
    among names and ids, and in documents, if it is shorter (``user12``); else (``7``, ``anna``)
    only as a whole value of columns that are about people.
    """

    def __init__(self, ids: pl.Series) -> None:
        """Sort the ids by where they are looked for."""
        whole = ids.cast(pl.String).drop_nulls().unique().sort()
        native = whole.str.replace(r"^[^:]*:", "").unique().sort()
        native = native.filter(native != "")
        n_signs = native.str.len_chars()
        is_mixed = native.str.contains("[A-Za-z]") & native.str.contains("[0-9]")
        is_number = native.str.contains("^[0-9]+$") & (n_signs >= _MIN_NUMBER)
        has_place = whole.filter(whole.str.contains(":", literal=True))
        everywhere = native.filter(is_mixed & (n_signs >= _MIN_ANYWHERE))
        documents = native.filter(is_mixed & (n_signs >= _MIN_LABEL))
        labels = native.filter((is_mixed & (n_signs >= _MIN_LABEL)) | is_number)
        self._everywhere = pl.concat([has_place, everywhere]).unique().to_list()
        self._documents = pl.concat([has_place, documents]).unique().to_list()
        self._labels = pl.concat([has_place, labels]).unique().to_list()
        self._values = pl.concat([whole, native]).unique()

    def rows(self, leaf: Leaf) -> pl.Series:
        """Return the rows of a piece in which an id is found, each once."""
        is_label = leaf.is_label
        found = _with_words(leaf.values, self._labels if is_label else self._everywhere)
        if any(_PERSON.search(name.lower()) for name in leaf.path):
            equal = leaf.values.filter(pl.col("text").is_in(self._values.implode()))["row"]
            found = pl.concat([found, equal])
        return found.unique().sort()

    def lines(self, text: str) -> int:
        """Count the lines of a document in which an id is found."""
        lines = pl.DataFrame({"text": text.splitlines()}, schema={"text": pl.String})
        rows = lines.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))
        return _with_words(rows, self._documents).n_unique()


def _with_words(values: pl.DataFrame, words: list[str]) -> pl.Series:
    """Return the rows whose text holds one of the words, with no letter or digit beside it."""
    if not words:
        return pl.Series("row", [], dtype=pl.Int64)
    near = values.filter(pl.col("text").str.contains_any(words)).with_columns(
        word=pl.col("text").str.extract_many(words, overlapping=True).list.unique()
    )
    # One automaton found the few texts that may hold a word; these are looked at one by one.
    rows = [
        row
        for row, text, held in near.select("row", "text", "word").iter_rows()
        if any(_stands_alone(text, word) for word in held)
    ]
    return pl.Series("row", rows, dtype=pl.Int64)


def _stands_alone(text: str, word: str) -> bool:
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text) is not None
