"""Write pairs with their texts into the files that a trainer reads; a folder at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq

from prefdata.catalog import Session
from prefdata.core.errors import RecipeError, UnknownNameError
from prefdata.registry import names, plugin
from prefdata.runner.folders import PendingFolder, prepare_folder
from prefdata.runner.units import checked_params

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
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
    prompts.language, coalesce(splits.split, 'train') AS split{columns}
FROM pairs
JOIN prompts ON prompts.prompt_id = pairs.prompt_id
JOIN responses AS chosen ON chosen.response_id = pairs.chosen_id
JOIN responses AS rejected ON rejected.response_id = pairs.rejected_id
LEFT JOIN splits ON splits.prompt_id = pairs.prompt_id AND splits.stage = $splits
LEFT JOIN decisions ON decisions.pair_id = pairs.pair_id AND decisions.stage = $decisions
{joins}WHERE pairs.stage = $pairs
  AND ($decisions IS NULL OR decisions.is_kept)
  AND ($sources IS NULL OR list_contains($sources, pairs.source))
ORDER BY pairs.pair_id
"""
_RATIONALE = """
rationale_id := r.rationale_id, kind := r.kind, origin := r.origin, scope := r.scope,
status := r.status, text := r.text, language := r.language,
about := CASE r.response_ids
    WHEN [p.chosen_id] THEN 'chosen' WHEN [p.rejected_id] THEN 'rejected' ELSE 'both'
END,
preferred := r.preferred,
-- A writer that was told the label said nothing of its own; the verdict in its row is that of the
-- blind try before it.
verdict := CASE WHEN r.origin = 'blind' THEN r.verdict END,
aspect := r.aspect, aspects := r.aspects,
generator := r.generator, attempt := r.attempt
"""
_GATED = """
SELECT r.pair_id, struct_pack(
    {rationale}, is_passed := g.is_passed, is_kept := g.is_kept, failed := g.failed
) AS told
FROM rationale_gates AS g
JOIN rationales AS r ON r.rationale_id = g.rationale_id AND r.pair_id = g.pair_id
JOIN pairs AS p ON p.pair_id = r.pair_id AND p.stage = $pairs
WHERE g.stage = $rationales
-- A rationale that two steps wrote alike counts once.
QUALIFY row_number() OVER (PARTITION BY r.rationale_id, r.pair_id ORDER BY r.stage) = 1
"""
# What a source says of one response is of no pair, and no gate reads it.
_OF_ONE = """
SELECT p.pair_id, struct_pack(
    {rationale},
    is_passed := NULL::BOOLEAN, is_kept := NULL::BOOLEAN, failed := NULL::VARCHAR[]
) AS told
FROM rationales AS r
JOIN pairs AS p
  ON p.prompt_id = r.prompt_id AND p.stage = $pairs
  AND r.response_ids[1] IN (p.chosen_id, p.rejected_id)
WHERE r.scope = 'response' AND r.origin = 'native' AND r.pair_id IS NULL
QUALIFY row_number() OVER (PARTITION BY r.rationale_id, p.pair_id ORDER BY r.stage) = 1
"""
_TOLD = """
LEFT JOIN (
    SELECT pair_id, list(told ORDER BY told.kind, told.attempt, told.rationale_id) AS rationales
    FROM ({rationales})
    GROUP BY pair_id
) AS told ON told.pair_id = pairs.pair_id
"""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """Files that an export wrote."""

    exporter: str
    folder: Path
    rows: int
    """Pairs that the format was given."""
    n_written: int
    """Rows that it made of them; in each kind of file, where there are two."""
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
    n_written: int
    loses: tuple[str, ...]

    def publish(self) -> ExportResult:
        """Put the folder in its place, replacing what an earlier export left there.

        Raises:
            SetupError: If the folder cannot be replaced.
        """
        self.files.publish()
        return ExportResult(
            self.exporter,
            self.files.place,
            self.rows,
            self.n_written,
            self.files.digests,
            self.loses,
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
    rationales: str | None,
    sources: list[str] | None,
    params: dict[str, Any],
    where: str,
) -> PendingExport:
    """Write an export beside its place.

    Raises:
        UnknownNameError: If there is no such exporter, or no step of that name wrote pairs,
            decisions, splits or passed rationales.
        RecipeError: If parameters do not fit, the format holds no rationales or needs them, or
            the place holds what no export wrote.
    """
    found: Exporter = plugin("exporter", exporter, where=where)
    settings = checked_params(found.params, params, where=where)
    _check_rationales(found, rationales, where=where)
    asked = {
        "pairs": pairs,
        "decisions": decisions,
        "splits": splits,
        "rationale_gates": rationales,
    }
    for table, step in asked.items():
        known = {key[1] for key in state.table(table).partitions}
        if step is not None and step not in known:
            raise UnknownNameError(f"step that wrote {table}", step, known=known, where=where)
    for name in sources or ():
        if name not in state.sources():
            raise UnknownNameError(
                "source in the catalog", name, known=state.sources(), where=where
            )
    counted = _Counter()
    written: list[int] = []
    values = {"pairs": pairs, "decisions": decisions, "splits": splits, "sources": sources}
    if rationales is not None:
        values["rationales"] = rationales

    def fill(folder: Path) -> list[Path]:
        with Session(workspace, state) as session:
            # Sorting a million pairs with their texts spills to disk beyond this.
            session.connection.execute(f"SET memory_limit = '{_SORT_BYTES} bytes'")
            batches = _batches(session, _query(found, rationales), values)
            paths = found.write(counted.count(batches), folder, settings)
        written.append(_rows_in(paths))
        return paths

    files = prepare_folder(to, "export", fill, note=f"{exporter} of {pairs}", where=where)
    return PendingExport(exporter, found.version, files, counted.rows, written[0], found.loses)


def _check_rationales(found: Exporter, step: str | None, *, where: str) -> None:
    """Refuse a step of rationales where the format has no place for them, and its absence."""
    if step is None and found.rationales == "needed":
        raise RecipeError(
            f"The format {found.name} is made of rationales.",
            where=where,
            fix="Name the step that let them pass: `rationales: gate-rationales` in a recipe, "
            "--rationales gate-rationales on the command line.",
        )
    if step is not None and found.rationales == "none":
        raise RecipeError(
            f"The format {found.name} has no place for rationales.",
            where=where,
            fix="Leave `rationales` out, or take a format that has: "
            + ", ".join(
                name for name in names("exporter") if plugin("exporter", name).rationales != "none"
            )
            + ".",
        )


def _rows_in(paths: Iterable[Path]) -> int:
    """Count the rows of the files of an export; where there are two kinds, those of one."""
    counts: dict[str, int] = {}
    for path in paths:
        counts[path.suffix] = counts.get(path.suffix, 0) + _n_rows(path)
    return max(counts.values(), default=0)


def _n_rows(path: Path) -> int:
    if path.suffix == ".parquet":
        return int(pq.read_metadata(path).num_rows)
    if path.suffix != ".jsonl":
        return 0
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


class _Counter:
    """Counts the rows that pass."""

    def __init__(self) -> None:
        self.rows = 0

    def count(self, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        for frame in frames:
            self.rows += frame.height
            yield frame


def _query(found: Exporter, rationales: str | None) -> str:
    """Return the query of the rows, with the rationales that the format takes."""
    if rationales is None:
        return _ROWS.format(columns="", joins="")
    parts = (_GATED, _OF_ONE) if found.takes_critiques else (_GATED,)
    every = [f"({part.format(rationale=_RATIONALE)})" for part in parts]
    told = _TOLD.format(rationales=" UNION ALL ".join(every))
    return _ROWS.format(columns=", told.rationales", joins=told)


def _batches(session: Session, query: str, values: dict[str, Any]) -> Iterator[pl.DataFrame]:
    relation = session.connection.sql(query, params=values)
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
    rationales: str | None = None,
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
        rationales: Step that let rationales pass; none are exported when None.
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
        rationales=rationales,
        sources=list(sources) if sources is not None else None,
        params=params or {},
        where=f"export to {to}",
    ).publish()
