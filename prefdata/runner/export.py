"""Write pairs with their texts into the files that a trainer reads; a folder at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.catalog import Session
from prefdata.core.errors import UnknownNameError
from prefdata.registry import plugin
from prefdata.runner.folders import PendingFolder, prepare_folder
from prefdata.runner.units import checked_params

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from prefdata.catalog import Catalog, CatalogState, Workspace
    from prefdata.protocols import Exporter

__all__ = ["ExportResult", "PendingExport", "export_pairs", "prepare_export"]

_BATCH_ROWS = 10_000
_SORT_BYTES = 2 << 30

# Sorted by the digest that names a pair: the order depends on nothing but content, and
# neighbours are no neighbours in the source, which trainers want anyway.
_ROWS = """
SELECT
    pairs.pair_id, pairs.source, prompts.subset, pairs.prompt_id,
    CASE
        WHEN prompts.system IS NULL THEN prompts.messages
        ELSE list_prepend(
            struct_pack(role := 'system', content := prompts.system), prompts.messages
        )
    END AS prompt,
    chosen.messages AS chosen, rejected.messages AS rejected,
    pairs.margin, pairs.margin_unit, pairs.strength, pairs.n_votes, pairs.aspect,
    pairs.annotator_id, chosen.model AS chosen_model, rejected.model AS rejected_model,
    prompts.language, coalesce(splits.split, 'train') AS split
FROM pairs
JOIN prompts ON prompts.prompt_id = pairs.prompt_id
JOIN responses AS chosen ON chosen.response_id = pairs.chosen_id
JOIN responses AS rejected ON rejected.response_id = pairs.rejected_id
LEFT JOIN splits ON splits.prompt_id = pairs.prompt_id AND splits.stage = $splits
LEFT JOIN decisions ON decisions.pair_id = pairs.pair_id AND decisions.stage = $decisions
WHERE pairs.stage = $pairs
  AND ($decisions IS NULL OR decisions.is_kept)
  AND ($sources IS NULL OR list_contains($sources, pairs.source))
ORDER BY pairs.pair_id
"""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """Files that an export wrote."""

    exporter: str
    folder: Path
    rows: int
    digests: dict[str, str]
    """File name to SHA-256."""
    loses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PendingExport:
    """An export that is complete beside its place; `publish` moves it there."""

    exporter: str
    version: int
    files: PendingFolder
    rows: int
    loses: tuple[str, ...]

    def publish(self) -> ExportResult:
        """Put the folder in its place, replacing what an earlier export left there.

        Raises:
            SetupError: If the folder cannot be replaced.
        """
        self.files.publish()
        return ExportResult(
            self.exporter, self.files.place, self.rows, self.files.digests, self.loses
        )


def prepare_export(  # noqa: PLR0913 - what a recipe says of an export
    workspace: Workspace,
    state: CatalogState,
    *,
    exporter: str,
    to: Path,
    pairs: str,
    decisions: str | None,
    splits: str | None,
    sources: list[str] | None,
    params: dict[str, Any],
    where: str,
) -> PendingExport:
    """Write an export beside its place.

    Raises:
        UnknownNameError: If there is no such exporter, or no step of that name wrote pairs,
            decisions or splits.
        RecipeError: If parameters do not fit, or the place holds what no export wrote.
    """
    found: Exporter = plugin("exporter", exporter, where=where)
    settings = checked_params(found.params, params, where=where)
    for table, step in (("pairs", pairs), ("decisions", decisions), ("splits", splits)):
        known = {key[1] for key in state.table(table).partitions}
        if step is not None and step not in known:
            raise UnknownNameError(f"step that wrote {table}", step, known=known, where=where)
    for name in sources or ():
        if name not in state.sources():
            raise UnknownNameError(
                "source in the catalog", name, known=state.sources(), where=where
            )
    counted = _Counter()
    values = {"pairs": pairs, "decisions": decisions, "splits": splits, "sources": sources}

    def fill(folder: Path) -> list[Path]:
        with Session(workspace, state) as session:
            # Sorting a million pairs with their texts spills to disk beyond this.
            session.connection.execute(f"SET memory_limit = '{_SORT_BYTES} bytes'")
            return found.write(counted.count(_batches(session, values)), folder, settings)

    files = prepare_folder(to, "export", fill, note=f"{exporter} of {pairs}", where=where)
    return PendingExport(exporter, found.version, files, counted.rows, found.loses)


class _Counter:
    """Counts the rows that pass."""

    def __init__(self) -> None:
        self.rows = 0

    def count(self, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        for frame in frames:
            self.rows += frame.height
            yield frame


def _batches(session: Session, values: dict[str, Any]) -> Iterator[pl.DataFrame]:
    relation = session.connection.sql(_ROWS, params=values)
    for batch in relation.to_arrow_reader(_BATCH_ROWS):
        if batch.num_rows:
            yield pl.DataFrame(batch)


def export_pairs(  # noqa: PLR0913 - the options of the command
    catalog: Catalog,
    exporter: str,
    to: Path,
    *,
    ref: str | None = None,
    pairs: str = "make-pairs",
    decisions: str | None = None,
    splits: str | None = None,
    sources: Sequence[str] | None = None,
    params: dict[str, Any] | None = None,
) -> ExportResult:
    """Write the pairs of one snapshot as files for a trainer.

    Args:
        catalog: Where the pairs are.
        exporter: Name of the format.
        to: Folder to write; replaced when an earlier export wrote it.
        ref: Snapshot or tag; the newest when None.
        pairs: Step whose pairs are exported.
        decisions: Step that decides which pairs are in; all when None.
        splits: Step that assigns the splits; one split ``train`` when None.
        sources: Sources to export; all when None.
        params: Parameters of the exporter.
    """
    return prepare_export(
        catalog.workspace,
        catalog.snapshot(ref).state,
        exporter=exporter,
        to=to,
        pairs=pairs,
        decisions=decisions,
        splits=splits,
        sources=list(sources) if sources is not None else None,
        params=params or {},
        where=f"export to {to}",
    ).publish()
