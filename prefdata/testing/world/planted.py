"""Collect what a source plants, with one schema per table for all sources."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from prefdata.testing.world.values import GROUPS, QUALITIES
from prefdata.testing.world.writing import atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from prefdata.testing.world.edits import Kind
    from prefdata.testing.world.values import Styles

__all__ = [
    "CROSS_DUPLICATE_RATE",
    "NEAR_DUPLICATE_RATE",
    "NOISE_RATE",
    "Planted",
    "TruthFiles",
]

NOISE_RATE = (1, 20)
"""Labels flipped against the annotator's values: 1 in 20."""
NEAR_DUPLICATE_RATE = (1, 50)
"""Prompts that repeat another of their file, in the kinds of `edits.KINDS` in turn: 1 in 50."""
CROSS_DUPLICATE_RATE = (1, 10)
"""Prompts of MultiPref that repeat one of HH-RLHF, in the same kinds: 1 in 10."""

_PLACE = {"source": pl.String, "file": pl.String, "row": pl.Int64}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "annotators": {"source": pl.String, "annotator_id": pl.String, "value_group": pl.String},
    "responses": {
        **_PLACE,
        "turn": pl.Int8,
        "position": pl.Int8,
        **dict.fromkeys(QUALITIES, pl.Float32),
    },
    "noisy_labels": {**_PLACE, "turn": pl.Int8, "position": pl.Int8},
    "near_duplicates": {
        **_PLACE,
        "turn": pl.Int8,
        "of_file": pl.String,
        "of_row": pl.Int64,
        "kind": pl.String,
    },
    "cross_duplicates": {
        **_PLACE,
        "turn": pl.Int8,
        "of_source": pl.String,
        "of_file": pl.String,
        "of_row": pl.Int64,
        "kind": pl.String,
    },
    "quirks": {**_PLACE, "quirk": pl.String},
}


class Planted:
    """The planted truth of one source while it is being written."""

    def __init__(self, source: str, before: Mapping[str, int] | None = None) -> None:
        """Start empty.

        Args:
            source: Its name.
            before: Rows that each file has already; what is told counts from there.
        """
        self.source = source
        self._before = before or {}
        self.parameters: dict[str, Any] = {}
        self._parts: dict[str, list[pl.DataFrame]] = {name: [] for name in _SCHEMAS}

    def _add(self, table: str, columns: Mapping[str, Any]) -> None:
        schema = _SCHEMAS[table]
        full = {"source": self.source, **columns}
        if before := self._before.get(columns.get("file", ""), 0):
            full["row"] = np.asarray(full["row"], dtype=np.int64) + before
        size = max((len(v) for v in full.values() if not isinstance(v, str | int)), default=1)
        if size:
            series = [
                pl.repeat(value, size, dtype=schema[name], eager=True).alias(name)
                if isinstance(value, str | int)
                else pl.Series(name, value, dtype=schema[name])
                for name, value in full.items()
            ]
            self._parts[table].append(pl.DataFrame(series).select(list(schema)))

    def annotators(self, ids: Sequence[str], groups: NDArray[np.int64]) -> None:
        """Record annotators and the value group of each."""
        names = np.array(list(GROUPS))[groups].tolist()
        self._add("annotators", {"annotator_id": list(ids), "value_group": names})

    def responses(
        self,
        file: str,
        rows: NDArray[np.int64],
        position: NDArray[np.int64] | int,
        styles: Styles,
        *,
        turn: NDArray[np.int64] | int = 0,
    ) -> None:
        """Record the qualities of responses, by where they stand."""
        qualities = {name: styles[:, index] for index, name in enumerate(QUALITIES)}
        place = {"file": file, "row": rows, "turn": turn, "position": position}
        self._add("responses", {**place, **qualities})

    def noisy(
        self,
        file: str,
        rows: Iterable[int],
        *,
        turn: NDArray[np.int64] | int = 0,
        position: NDArray[np.int64] | int = 0,
    ) -> None:
        """Record labels that were flipped."""
        place = {"file": file, "row": list(rows), "turn": turn, "position": position}
        self._add("noisy_labels", place)

    def near_duplicates(
        self,
        file: str,
        rows: Iterable[int],
        of_file: str,
        of_rows: Iterable[int],
        copied: Sequence[Kind] | Kind,
    ) -> None:
        """Record first prompts that repeat another one of the source, and in which kind."""
        place = {"file": file, "row": list(rows), "turn": 0}
        before = self._before.get(of_file, 0)
        original = {"of_file": of_file, "of_row": [before + row for row in of_rows]}
        self._add("near_duplicates", {**place, **original, "kind": copied})

    def cross_duplicates(
        self,
        file: str,
        rows: Iterable[int],
        of_source: str,
        of_files: Sequence[str],
        of_rows: Iterable[int],
        copied: Sequence[Kind],
    ) -> None:
        """Record first prompts that repeat one of another source, and in which kind.

        What they repeat is named by its row in the whole file of the other source.
        """
        place = {"file": file, "row": list(rows), "turn": 0}
        original = {"of_source": of_source, "of_file": of_files, "of_row": list(of_rows)}
        self._add("cross_duplicates", {**place, **original, "kind": copied})

    def quirk(self, file: str, rows: Iterable[int], quirk: str) -> None:
        """Record rows that carry a quirk."""
        self._add("quirks", {"file": file, "row": list(rows), "quirk": quirk})

    def table(self, name: str) -> pl.DataFrame:
        """Give one table, sorted by place."""
        frame = pl.concat([pl.DataFrame(schema=_SCHEMAS[name]), *self._parts[name]])
        return frame.sort(frame.columns, maintain_order=True) if name == "quirks" else frame


class TruthFiles:
    """The files of the truth while sources tell theirs, tile by tile.

    The truth of a single tile is written at the end, as one frame; that of several tiles goes into
    the files at once, so that one tile is in memory.
    """

    def __init__(self, folder: Path, *, is_streamed: bool) -> None:
        """Open nothing yet; ``is_streamed`` says that there are several tiles."""
        self._folder, self._is_streamed = folder, is_streamed
        self.paths = {name: folder / f"{name}.parquet" for name in _SCHEMAS}
        self._kept: list[Planted] = []
        self._parameters: dict[str, list[dict[str, Any]]] = {}
        self._stack = ExitStack()
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put the files into place, or remove what is half written."""
        if error is None:
            self._finish()
        self._stack.__exit__(kind, error, traceback)

    def add(self, planted: Planted) -> None:
        """Take what a tile of a source planted."""
        self._parameters.setdefault(planted.source, []).append(planted.parameters)
        if not self._is_streamed:
            self._kept.append(planted)
            return
        for name in _SCHEMAS:
            table = planted.table(name).to_arrow(compat_level=pl.CompatLevel.oldest())
            if name not in self._writers:
                temporary = self._stack.enter_context(atomic(self.paths[name]))
                writer = pq.ParquetWriter(
                    temporary, table.schema, compression="zstd", write_statistics=False
                )
                self._writers[name] = self._stack.enter_context(writer)
            self._writers[name].write_table(table)

    def _finish(self) -> None:
        if not self._is_streamed:
            for name, path in self.paths.items():
                empty = pl.DataFrame(schema=_SCHEMAS[name])
                frame = pl.concat([empty, *(one.table(name) for one in self._kept)])
                with atomic(path) as temporary:
                    frame.write_parquet(temporary, compression="zstd", statistics=False)
        with atomic(self._folder / "parameters.json") as temporary:
            told = json.dumps(_parameters(self._parameters), indent=2)
            temporary.write_text(told + "\n", encoding="utf-8")


def _parameters(by_source: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Tell the parameters of the world; where tiles have their own, those of each."""
    return {
        "qualities": list(QUALITIES),
        "value_groups": {
            name: dict(zip(QUALITIES, row, strict=True)) for name, row in GROUPS.items()
        },
        "noise_rate": NOISE_RATE[0] / NOISE_RATE[1],
        "near_duplicate_rate": NEAR_DUPLICATE_RATE[0] / NEAR_DUPLICATE_RATE[1],
        "cross_duplicate_rate": CROSS_DUPLICATE_RATE[0] / CROSS_DUPLICATE_RATE[1],
        "sources": {
            name: tiles[0]
            if all(one == tiles[0] for one in tiles)
            else {**tiles[0], "tiles": tiles}
            for name, tiles in by_source.items()
        },
    }
