"""Taking personal data out of pairs: placeholders that say what stood there, and which it was."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.privacy.find import find
from prefdata.privacy.patterns import patterns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Scrubber"]

# Column to the field of its structs that holds words; those that a frame lacks are passed over.
_TEXTS = {"prompt": "content", "chosen": "content", "rejected": "content", "rationales": "text"}
_PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]*)_([0-9]{1,9})>")


@dataclass(slots=True)
class _Names:
    """The placeholders of one row."""

    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)

    def reserve(self, text: str) -> None:
        """Pass over the placeholders that a text has already."""
        for kind, number in _PLACEHOLDER.findall(text):
            self.last[kind] = max(self.last.get(kind, 0), int(number))

    def of(self, placeholder: str, identity: str) -> str:
        """Return the placeholder of a thing, a new one when it is new."""
        key = (placeholder, identity)
        if key not in self.numbers:
            self.last[placeholder] = self.last.get(placeholder, 0) + 1
            self.numbers[key] = self.last[placeholder]
        return f"<{placeholder}_{self.numbers[key]}>"


class Scrubber:
    """Replaces personal data in frames of pairs, and counts what it replaced.

    ``jo@mail.org`` becomes ``<EMAIL_1>``: in the prompt, both responses and the rationales of one
    row the same address has the same number, whatever its case, so that the two sides stay
    comparable. Numbers follow the order of prompt, chosen, rejected and rationales, so the same
    prompt has the same words in all its pairs. Rows in which nothing is found stay as they are.

    Attributes:
        counts: Kind to places that were replaced, over all frames.
        rows: Kind to rows in which some were.
    """

    def __init__(self, kinds: Sequence[str] | None = None) -> None:
        """Choose what to replace.

        Args:
            kinds: Kinds of personal data; all when None.

        Raises:
            UnknownNameError: If there is no such kind.
        """
        self._patterns = {pattern.name: pattern for pattern in patterns(kinds)}
        self.counts: dict[str, int] = {}
        self.rows: dict[str, int] = {}

    def scrub(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return a frame of pairs without the personal data.

        Args:
            frame: Columns prompt, chosen and rejected of messages (role, content), and rationales
                where there are; as `Exporter` describes. Other columns are not looked at.
        """
        columns = [name for name in _TEXTS if name in frame.columns]
        if not columns or frame.is_empty():
            return frame
        texts = pl.concat([_texts(frame, column) for column in columns])
        finds = find(texts.select(id="row", text="text"), tuple(self._patterns))
        if finds.is_empty():
            return frame
        touched = texts.filter(pl.col("row").is_in(finds["id"].unique().implode()))
        after = self._replaced(touched)
        return frame.with_columns(_put(frame[column], after, _TEXTS[column]) for column in columns)

    def _replaced(self, texts: pl.DataFrame) -> dict[tuple[str, int], list[str | None]]:
        """Return the new texts of rows, by column and row.

        Taking one find out can uncover another that it overlapped, so this goes on until nothing
        is found. Every turn makes what is not a placeholder shorter, so it ends.
        """
        words: list[str | None] = texts["text"].to_list()
        rows: list[int] = texts["row"].to_list()
        names: dict[int, _Names] = {}
        for row, text in zip(rows, words, strict=True):
            names.setdefault(row, _Names()).reserve(text or "")
        seen: set[tuple[int, str]] = set()
        places: Sequence[int] = range(len(words))
        while places:
            looked_at = pl.DataFrame(
                {"id": list(places), "text": [words[place] for place in places]},
                schema={"id": pl.Int64, "text": pl.String},
            )
            found: dict[int, list[tuple[int, str, str]]] = {}
            for place, kind, match, start in (
                find(looked_at, tuple(self._patterns)).drop("row").iter_rows()
            ):
                found.setdefault(place, []).append((start, kind, match))
                seen.add((rows[place], kind))
            for place, finds in found.items():
                words[place] = self._without(words[place] or "", finds, names[rows[place]])
            places = list(found)
        for _, kind in sorted(seen):
            self.rows[kind] = self.rows.get(kind, 0) + 1
        result: dict[tuple[str, int], list[str | None]] = {}
        for column, row, text in zip(texts["column"], rows, words, strict=True):
            result.setdefault((column, row), []).append(text)
        return result

    def _without(self, text: str, finds: list[tuple[int, str, str]], names: _Names) -> str:
        pieces, end = [], 0
        for start, kind, match in finds:
            pattern = self._patterns[kind]
            name = names.of(pattern.placeholder, pattern.identity(match))
            pieces += [text[end:start], name]
            end = start + len(match)
            self.counts[kind] = self.counts.get(kind, 0) + 1
        return "".join([*pieces, text[end:]])


def _texts(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return column, row and text of every message, in order; a row without any has none."""
    words = pl.col(column).list.eval(pl.element().struct.field(_TEXTS[column]))
    return (
        frame.lazy()
        .select(column=pl.lit(column), row=pl.int_range(pl.len(), dtype=pl.Int64), text=words)
        .filter(pl.col("text").list.len() > 0)
        .explode("text")
        .collect()
    )


def _put(
    messages: pl.Series, after: Mapping[tuple[str, int], list[str | None]], words: str
) -> pl.Series:
    """Return a column with new texts in some rows; the others are not rebuilt."""
    rows = [row for column, row in after if column == messages.name]
    if not rows:
        return messages
    changed = []
    for row, said in zip(rows, messages.gather(rows).to_list(), strict=True):  # the few with finds
        texts = after[messages.name, row]
        new: list[dict[str, Any]] = [
            {**one, words: text} for one, text in zip(said, texts, strict=True)
        ]
        changed.append(new)
    n = len(messages)
    places = pl.int_range(n, dtype=pl.Int64, eager=True).scatter(rows, range(n, n + len(rows)))
    return pl.concat([messages, pl.Series(messages.name, changed, messages.dtype)]).gather(places)
