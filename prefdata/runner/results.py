"""Results of steps, kept by fingerprint: the cache, and what a killed run resumes from.

A result names the data files that a step wrote for one source. The files are named by their
content and already complete, so a run that was killed finds its finished steps here and goes on;
readers see nothing until the run commits.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prefdata.catalog.state import FileEntry, PartitionKey
from prefdata.catalog.warehouse import open_warehouse
from prefdata.core.fingerprint import canonical_json

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Workspace

__all__ = ["StepResult", "StepResults"]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step wrote for one source."""

    outputs: dict[tuple[str, PartitionKey], tuple[FileEntry, ...]]
    rows_in: int
    rows_out: int
    rejected: int
    reasons: dict[str, int] = field(default_factory=dict)
    """Rejected rows by rule."""
    notes: tuple[str, ...] = ()


class StepResults:
    """The results in one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        """Use the folder ``cache/steps`` of the workspace."""
        self._folder = workspace.root / "cache" / "steps"
        self._warehouse = open_warehouse(workspace)

    def get(self, fingerprint: str) -> StepResult | None:
        """Return a result whose files are all still there, or None."""
        try:
            result = _from_json(self._path(fingerprint).read_text())
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            # Not there, or damaged: the step is computed again.
            return None
        entries = [entry for files in result.outputs.values() for entry in files]
        return result if self._warehouse.has(entries) else None

    def put(self, fingerprint: str, result: StepResult) -> None:
        """Keep a result; atomic."""
        text = canonical_json(
            {
                "outputs": [
                    [table, list(key), [f.to_list() for f in files]]
                    for (table, key), files in sorted(result.outputs.items())
                ],
                "rows_in": result.rows_in,
                "rows_out": result.rows_out,
                "rejected": result.rejected,
                "reasons": result.reasons,
                "notes": list(result.notes),
            }
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f".{fingerprint}.{os.getpid()}"
        try:
            part.write_text(text)
            part.replace(self._path(fingerprint))
        finally:
            part.unlink(missing_ok=True)  # of a full disk; else it is moved

    def _path(self, fingerprint: str) -> Path:
        return self._folder / f"{fingerprint}.json"


def _from_json(text: str) -> StepResult:
    raw = json.loads(text)
    return StepResult(
        outputs={
            (table, tuple(key)): tuple(FileEntry(*entry) for entry in files)
            for table, key, files in raw["outputs"]
        },
        rows_in=raw["rows_in"],
        rows_out=raw["rows_out"],
        rejected=raw["rejected"],
        reasons=raw["reasons"],
        notes=tuple(raw["notes"]),
    )
