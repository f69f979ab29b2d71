"""Features of comparisons, published beside MultiPref: read on request, kept with the prompts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from prefdata.tables.bundle import Bundle, concat_rejects
from prefdata.tables.jsonl import read_json_rows
from prefdata.tables.raw import Reject, rejects_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prefdata.protocols import RawFile

__all__ = ["Features", "rebuild"]

_KEYS = ("comparison_id", "id")
_SCHEMA = pa.schema([(name, pa.string()) for name in _KEYS])
# A features row repeats the texts of its comparison under one of these names.
_TEXTS = {
    "text": "text",
    "prompt": "text",
    "completion_a": "completion_a",
    "response_a": "completion_a",
    "completion_b": "completion_b",
    "response_b": "completion_b",
}


class Features:
    """The rows of features files, held until their comparisons are read; some 10,000."""

    def __init__(self) -> None:
        """Start with none."""
        self._rows: dict[str, dict[str, Any]] = {}
        self._used: set[str] = set()
        self._rows_in: dict[str, int] = {}
        self._rejects: list[pl.DataFrame] = []

    def read(self, raw: RawFile) -> None:
        """Read one file; `bundles` gives the account of it."""
        for chunk in read_json_rows(raw, _SCHEMA):
            self._rows_in[raw.name] = self._rows_in.get(raw.name, 0) + chunk.rows_in
            self._rejects.append(chunk.rejects)
            # A loop over rows: each is an object of its own shape.
            for row in chunk.frame.to_dicts():
                key = next((row[name] for name in _KEYS if row[name]), None)
                values = {name: row[name] for name in _KEYS if row[name] is not None}
                values |= json.loads(row["extra"]) if row["extra"] else {}
                one = {"file": raw.name, "row": row["row"], "values": values}
                if fault := self._keep(key, one):
                    self._rejects.append(_rejected([one], *fault))

    def _keep(self, key: str | None, row: dict[str, Any]) -> tuple[str, str] | None:
        if key is None:
            return "missing-field", f"none of {', '.join(_KEYS)} names the comparison"
        if key in self._rows:
            return "duplicate-id", f"the features of {key!r} were read before"
        self._rows[key] = row
        return None

    def of(self, rows: pl.DataFrame) -> pl.Series:
        """Return per comparison its features as JSON, without the texts that it repeats."""
        found: list[str | None] = []
        columns = ["comparison_id", *dict.fromkeys(_TEXTS.values())]
        # A loop over rows, only when features were asked for.
        for row in rows.select(columns).iter_rows(named=True) if self._rows else ():
            key = row["comparison_id"]
            one = self._rows.get(key)
            if one:
                self._used.add(key)
            found.append(json.dumps(_without_texts(one, row), ensure_ascii=False) if one else None)
        return pl.Series("features", found or [None] * rows.height, dtype=pl.String)

    def bundles(self) -> Iterator[Bundle]:
        """Yield the account of each file; a row that met no comparison is a reject."""
        lost = [row for key, row in self._rows.items() if key not in self._used]
        found = _rejected(lost, "unknown-comparison", "no comparison of that id was read")
        rejects = concat_rejects([*self._rejects, found])
        for file, rows_in in self._rows_in.items():
            yield Bundle(file, rows_in, {}, rejects.filter(pl.col("file") == file))


def _without_texts(one: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    same = {
        name: column
        for name, column in _TEXTS.items()
        if name in one["values"] and one["values"][name] == row[column]
    }
    values = {name: value for name, value in one["values"].items() if name not in same}
    return {**one, "values": values, "same": same}


def _rejected(rows: Sequence[dict[str, Any]], rule: str, reason: str) -> pl.DataFrame:
    return concat_rejects(
        rejects_of(
            row["file"],
            [
                Reject(
                    row["row"],
                    rule,
                    reason,
                    field="comparison_id",
                    raw=json.dumps(row["values"], ensure_ascii=False),
                )
            ],
        )
        for row in rows
    )


def rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the rows of features files that met a comparison, in row order."""
    held = tables["prompts"].filter(
        (pl.col("subset") == "default") & pl.col("raw").str.contains('"features":', literal=True)
    )
    texts = dict(
        tables["responses"].select("response_id", "text").iter_rows() if held.height else ()
    )
    found: list[tuple[str, int, dict[str, Any]]] = []
    # A loop over rows: this is the proof that nothing is lost, not a hot path.
    for prompt in held.iter_rows(named=True):
        one = json.loads(prompt["raw"]).get("features")
        if not one:
            continue
        key = prompt["prompt_id"]
        columns = {
            "text": prompt["messages"][0]["content"],
            "completion_a": texts[f"{key}/a"],
            "completion_b": texts[f"{key}/b"],
        }
        repeated = {name: columns[column] for name, column in one["same"].items()}
        found.append((one["file"], one["row"], {**one["values"], **repeated}))
    files: dict[str, list[dict[str, Any]]] = {}
    for file, _, values in sorted(found, key=lambda item: item[:2]):
        files.setdefault(file, []).append(values)
    return files
