"""Reading what is staged, as users will: pieces of tables, and all strings in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Leaf", "Piece", "leaves", "pieces"]

_ROWS = 20_000
_LONGEST_LABEL = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of one staged file."""

    config: str
    path: Path
    first: int
    """Index of its first row in the file."""
    frame: pl.DataFrame


@dataclass(frozen=True)
class Leaf:
    """All strings of one column, or of one field inside it."""

    path: tuple[str, ...]
    """The column, then the fields of structs."""
    values: pl.DataFrame
    """Columns row (in the piece) and text."""

    @property
    def column(self) -> str:
        """The column that it is in."""
        return self.path[0]

    @cached_property
    def is_label(self) -> bool:
        """Whether the strings are names and ids, not sentences: short, without white space."""
        texts = self.values["text"]
        is_short = bool((texts.str.len_bytes() <= _LONGEST_LABEL).all())
        return is_short and not texts.str.contains(r"\s").any()


def pieces(configs: Mapping[str, Sequence[Path]]) -> Iterator[Piece]:
    """Yield the rows of all staged files; of files that hold no table, the lines.

    Raises:
        OSError: If a file cannot be read.
    """
    for config, paths in configs.items():
        for path in paths:
            first = 0
            for frame in _frames(path):
                yield Piece(config, path, first, frame)
                first += frame.height


def _frames(path: Path) -> Iterator[pl.DataFrame]:
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS):
                frame = pl.from_arrow(batch)
                if isinstance(frame, pl.DataFrame):
                    yield frame
        return
    if path.suffix in {".jsonl", ".ndjson"} and path.stat().st_size:
        try:
            yield pl.read_ndjson(path, infer_schema_length=None)
        except pl.exceptions.PolarsError:
            pass
        else:
            return
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    yield pl.DataFrame({"line": lines}, schema={"line": pl.String})


def leaves(frame: pl.DataFrame) -> Iterator[Leaf]:
    """Yield all strings of a frame, from inside of lists and structs too; no nulls."""
    rows = pl.int_range(frame.height, dtype=pl.Int64, eager=True)
    for column in frame.columns:
        yield from _inside((column,), pl.DataFrame({"row": rows, "text": frame[column]}))


def _inside(path: tuple[str, ...], values: pl.DataFrame) -> Iterator[Leaf]:
    kind = values.schema["text"]
    if isinstance(kind, pl.Array):
        values = values.with_columns(pl.col("text").arr.to_list())
        kind = values.schema["text"]
    if isinstance(kind, pl.List):
        held = values.filter(pl.col("text").list.len() > 0).explode("text")
        yield from _inside(path, held)
    elif isinstance(kind, pl.Struct):
        for field in kind.fields:
            inner = values.with_columns(pl.col("text").struct.field(field.name).alias("text"))
            yield from _inside((*path, field.name), inner)
    elif isinstance(kind, pl.String | pl.Categorical | pl.Enum):
        told = values.with_columns(pl.col("text").cast(pl.String)).drop_nulls("text")
        if not told.is_empty():
            yield Leaf(path, told)
