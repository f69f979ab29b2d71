"""The record of a run: what was asked, what each step read and wrote, how long it took."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.fingerprint import canonical_json
from prefdata.schema import conform, table_schema

if TYPE_CHECKING:
    from prefdata.catalog import Catalog
    from prefdata.catalog.write import Write
    from prefdata.runner.results import StepResult

__all__ = ["RunRecord", "last_params"]

_SHAPING = ("polars", "pyarrow", "duckdb", "pyiceberg")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def last_params(catalog: Catalog, is_wanted: pl.Expr) -> dict[str, Any]:
    """Return the parameters of the step that ran last, of those wanted; none if none ran.

    Args:
        catalog: The catalog.
        is_wanted: Of a row of ``run_steps``.
    """
    rows = catalog.scan("run_steps").filter(is_wanted).sort("started_at").tail(1)
    params = rows.select("params").collect()["params"]
    return dict(json.loads(params[0])) if len(params) else {}


@dataclass(slots=True)
class RunRecord:
    """Collects the lineage of one run and writes it with the run's commit."""

    command: str
    recipe: str | None = None
    recipe_digest: str | None = None
    recipe_json: str | None = None
    seed: int | None = None
    base_snapshot: str | None = None
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    started_at: datetime = field(default_factory=_now)
    _clock: float = field(default_factory=time.perf_counter)
    _steps: list[dict[str, Any]] = field(default_factory=list)

    def step(  # noqa: PLR0913 - the columns of a row
        self,
        *,
        step: str,
        stage: str,
        version: int,
        params: Any,
        fingerprint: str,
        inputs: Any,
        result: StepResult,
        is_cached: bool,
        seconds: float,
    ) -> None:
        """Record one step for one source."""
        outputs = {
            "/".join((table, *key)): [entry.digest for entry in files]
            for (table, key), files in sorted(result.outputs.items())
        }
        self._steps.append(
            {
                "run_id": self.run_id,
                "step": step,
                "stage": stage,
                "stage_version": version,
                "params": canonical_json(params),
                "fingerprint": fingerprint,
                "inputs": canonical_json(inputs),
                "outputs": canonical_json(outputs),
                "is_cached": is_cached,
                "rows_in": result.rows_in,
                "rows_out": result.rows_out,
                "rows_rejected": result.rejected,
                "seed": self.seed,
                "started_at": _now(),
                "duration_seconds": seconds,
            }
        )

    def written(
        self,
        *,
        step: str,
        by: str,
        version: int,
        params: Any,
        files: dict[str, str],
        rows: int,
        seconds: float,
        rows_in: int | None = None,
    ) -> None:
        """Record one export, report or publication: its files with the digests of their bytes.

        Args:
            step: Kind and folder, such as ``export:exports/trl``.
            by: Kind and name of what wrote it, such as ``export:trl``.
            version: Version of what wrote it.
            params: Its parameters, as they were given.
            files: File name to SHA-256.
            rows: Rows that were written, or that were reported on.
            seconds: How long it took.
            rows_in: Rows that were selected, where some of them were left out.
        """
        self._steps.append(
            {
                "run_id": self.run_id,
                "step": step,
                "stage": by,
                "stage_version": version,
                "params": canonical_json(params),
                "fingerprint": "",
                "inputs": "{}",
                "outputs": canonical_json(files),
                "is_cached": False,
                "rows_in": rows if rows_in is None else rows_in,
                "rows_out": rows,
                "rows_rejected": 0 if rows_in is None else rows_in - rows,
                "seed": self.seed,
                "started_at": _now(),
                "duration_seconds": seconds,
            }
        )

    def write(self, write: Write) -> None:
        """Append the run and its steps to the log tables of a write."""
        run = {
            "run_id": self.run_id,
            "command": self.command,
            "recipe": self.recipe,
            "recipe_digest": self.recipe_digest,
            "recipe_json": self.recipe_json,
            "base_snapshot": self.base_snapshot,
            "code_version": metadata.version("prefdata"),
            "versions": canonical_json({name: metadata.version(name) for name in _SHAPING}),
            "seed": self.seed,
            "started_at": self.started_at,
            "duration_seconds": time.perf_counter() - self._clock,
        }
        for table, rows in (("runs", [run]), ("run_steps", self._steps)):
            if rows:
                frame = pl.DataFrame(rows, infer_schema_length=None)
                write.put(table, (), conform(frame, table_schema(table)))
