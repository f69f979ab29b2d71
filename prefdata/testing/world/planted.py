"""Collect what a source plants, with one schema per table for all sources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.testing.world.values import GROUPS, QUALITIES
from prefdata.testing.world.writing import atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from prefdata.testing.world.edits import Kind
    from prefdata.testing.world.values import Styles

__all__ = [
    "CROSS_DUPLICATE_RATE",
    "NEAR_DUPLICATE_RATE",
    "NOISE_RATE",
    "Planted",
    "write_truth",
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

    def __init__(self, source: str) -> None:
        """Start empty."""
        self.source = source
        self.parameters: dict[str, Any] = {}
        self._parts: dict[str, list[pl.DataFrame]] = {name: [] for name in _SCHEMAS}

    def _add(self, table: str, columns: Mapping[str, Any]) -> None:
        schema = _SCHEMAS[table]
        full = {"source": self.source, **columns}
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
        original = {"of_file": of_file, "of_row": list(of_rows)}
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
        """Record first prompts that repeat one of another source, and in which kind."""
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


def write_truth(folder: Path, planted: Sequence[Planted]) -> dict[str, Path]:
    """Write the truth of all sources: one Parquet file per table, one JSON of parameters."""
    paths: dict[str, Path] = {}
    for name in _SCHEMAS:
        paths[name] = folder / f"{name}.parquet"
        frame = pl.concat([one.table(name) for one in planted])
        with atomic(paths[name]) as temporary:
            frame.write_parquet(temporary, compression="zstd", statistics=False)
    parameters = {
        "qualities": list(QUALITIES),
        "value_groups": {
            name: dict(zip(QUALITIES, row, strict=True)) for name, row in GROUPS.items()
        },
        "noise_rate": NOISE_RATE[0] / NOISE_RATE[1],
        "near_duplicate_rate": NEAR_DUPLICATE_RATE[0] / NEAR_DUPLICATE_RATE[1],
        "cross_duplicate_rate": CROSS_DUPLICATE_RATE[0] / CROSS_DUPLICATE_RATE[1],
        "sources": {one.source: one.parameters for one in planted},
    }
    with atomic(folder / "parameters.json") as temporary:
        temporary.write_text(json.dumps(parameters, indent=2) + "\n", encoding="utf-8")
    return paths
