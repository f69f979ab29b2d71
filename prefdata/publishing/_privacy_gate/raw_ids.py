"""Ids of real annotators in what is staged: as whole words, so that short ones raise no alarm."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.publishing._privacy_gate.staged import Leaf

__all__ = ["RawIds"]

_PERSON = re.compile("annotator|worker|rater|judge|user|person|participant")
_MIN_LABEL, _MIN_NUMBER, _MIN_ANYWHERE = 4, 10, 12
# Ids that are counted up, or stand behind the name of their source, share what is around there.
_MARK_SIGNS = 7
_MARKS = (r"(?s)(.{0,5}(?:[0-9][^0-9]|[^0-9][0-9]))", r"(?s)(.{0,3}:.{0,3})")


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
        self._everywhere = _Words(pl.concat([has_place, everywhere]))
        self._documents = _Words(pl.concat([has_place, documents]))
        self._labels = _Words(pl.concat([has_place, labels]))
        self._values = pl.concat([whole, native]).unique()

    def rows(self, leaves: Sequence[Leaf]) -> list[pl.Series]:
        """Return for each leaf of a piece the rows in which an id is found, each once."""
        found: list[list[pl.Series]] = [[] for _ in leaves]
        is_label = [leaf.is_label for leaf in leaves]
        # Many ids take longer to prepare than most leaves to read, so leaves that are held against
        # the same ids are read together.
        for words, wanted in ((self._labels, True), (self._everywhere, False)):
            values = [
                leaf.values.with_columns(leaf=pl.lit(number))
                for number, leaf in enumerate(leaves)
                if is_label[number] == wanted
            ]
            if values:
                for (number,), held in words.held_by(pl.concat(values)).group_by("leaf"):
                    found[int(number)].append(held["row"])
        for number, leaf in enumerate(leaves):
            if any(_PERSON.search(name.lower()) for name in leaf.path):
                texts = leaf.values["text"].unique().implode()
                # Most columns hold few values, and a set of those is soon made.
                ids = self._values.filter(self._values.is_in(texts)).implode()
                equal = leaf.values.filter(pl.col("text").is_in(ids))
                found[number].append(equal["row"])
        nothing = pl.Series("row", [], dtype=pl.Int64)
        return [pl.concat([nothing, *rows]).unique().sort() for rows in found]

    def lines(self, text: str) -> int:
        """Count the lines of a document in which an id is found."""
        lines = pl.DataFrame({"text": text.splitlines()}, schema={"text": pl.String})
        rows = lines.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))
        return self._documents.held_by(rows)["row"].n_unique()


class _Words:
    """Words, and a part of each that few texts have which do not hold the word.

    Tens of thousands of ids have few such parts between them, so most texts are seen to hold none
    before all ids are looked for.
    """

    def __init__(self, words: pl.Series) -> None:
        words = words.unique().sort()
        first, second = (words.str.extract(pattern) for pattern in _MARKS)
        mark = first.fill_null(second).fill_null("")
        is_short = mark.str.len_chars() < _MARK_SIGNS
        self._words = pl.DataFrame({"word": words, "mark": mark}).with_columns(
            mark=pl.when(is_short).then(pl.col("word").str.head(_MARK_SIGNS)).otherwise("mark")
        )
        self._marks = self._words["mark"].unique().sort().implode()

    def held_by(self, values: pl.DataFrame) -> pl.DataFrame:
        """Return the values whose text holds one of them, with no letter or digit beside it."""
        if self._words.is_empty():
            return values.clear()
        near = values.filter(pl.col("text").str.contains_any(self._marks))
        if near.is_empty():
            return near
        seen = near["text"].str.extract_many(self._marks, overlapping=True).explode().unique()
        words = self._words.filter(pl.col("mark").is_in(seen.implode()))["word"].implode()
        near = near.filter(pl.col("text").str.contains_any(words))
        held = near["text"].str.extract_many(words, overlapping=True).list.unique()
        # Automata found the few texts that may hold a word; these are looked at one by one.
        return near.filter(
            [
                any(_stands_alone(text, word) for word in found)
                for text, found in zip(near["text"], held, strict=True)
            ]
        )


def _stands_alone(text: str, word: str) -> bool:
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text) is not None
