"""Make a report of one snapshot: a folder with a page, its figures and its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.catalog.scan import scan, scan_partitions
from prefdata.core.errors import UnknownNameError
from prefdata.protocols import Context
from prefdata.registry import plugin
from prefdata.runner.folders import PendingFolder, prepare_folder, refuse_foreign
from prefdata.runner.units import checked_params
from prefdata.schema import table_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import polars as pl

    from prefdata.catalog import Catalog, CatalogState, Workspace
    from prefdata.protocols import Params, Reporter
    from prefdata.recipes import Recipe

__all__ = ["PendingReport", "ReportResult", "check_reports", "make_report", "prepare_report"]

_SUMMARY = "summary.txt"


@dataclass(frozen=True, slots=True)
class ReportResult:
    """Files that a report wrote."""

    report: str
    folder: Path
    rows: int
    """Rows of the first table that the report reads."""
    digests: dict[str, str]
    """File name to SHA-256."""

    @property
    def summary(self) -> str:
        """What the report says in a terminal; empty when it says nothing there."""
        if _SUMMARY not in self.digests:
            return ""
        return (self.folder / _SUMMARY).read_text(encoding="utf-8").rstrip()


@dataclass(frozen=True, slots=True)
class PendingReport:
    """A report that is complete beside its place; `publish` moves it there."""

    report: str
    version: int
    files: PendingFolder
    rows: int

    def publish(self) -> ReportResult:
        """Put the folder in its place, replacing what an earlier report left there.

        Raises:
            SetupError: If the folder cannot be replaced.
        """
        self.files.publish()
        return ReportResult(self.report, self.files.place, self.rows, self.files.digests)


def check_reports(recipe: Recipe, root: Path) -> None:
    """Check the reports of a recipe before anything runs: what they stand on may take hours.

    Args:
        recipe: What is to run.
        root: Folder of the workspace.

    Raises:
        UnknownNameError: If there is no such report.
        RecipeError: If parameters do not fit, or a folder holds what no report wrote.
    """
    for asked in recipe.reports:
        where = f"recipe {recipe.name!r}: report {asked.to!r}"
        found: Reporter = plugin("report", asked.of, where=where)
        checked_params(found.params, asked.params, where=where)
        refuse_foreign(root / asked.to, "report", where=where)


def prepare_report(
    workspace: Workspace,
    state: CatalogState,
    *,
    report: str,
    to: Path,
    sources: Sequence[str] | None,
    params: dict[str, Any],
    where: str,
    steps: Iterable[str] = (),
) -> PendingReport:
    """Write a report beside its place.

    Args:
        workspace: Where the tables are.
        state: What to report on.
        report: Name of the report.
        to: Folder to write.
        sources: Sources to report on; all when None.
        params: Parameters of the report.
        where: Who asks, for errors.
        steps: Steps that ran just now, whose lineage is not written yet.

    Raises:
        UnknownNameError: If there is no such report, source, or step that parameters name.
        RecipeError: If parameters do not fit, or the place holds what no report wrote.
        MissingExtraError: If a library for pages or figures is not installed.
    """
    found: Reporter = plugin("report", report, where=where)
    settings = checked_params(found.params, params, where=where)
    present = state.sources()
    for name in sources or ():
        if name not in present:
            raise UnknownNameError("source in the catalog", name, known=present, where=where)
    asked = tuple(sorted(sources)) if sources is not None else tuple(present)
    _check_steps(workspace, state, settings, steps, where=where)
    reads = settings.reads(found.reads)
    tables = {table: _rows(workspace, state, table, asked) for table in reads}
    context = Context(sources=asked, snapshot=state.name)
    files = prepare_folder(
        to,
        "report",
        lambda folder: found.write(tables, settings, context, folder),
        note=f"report {report}",
        where=where,
    )
    return PendingReport(report, found.version, files, _count(state, reads[0], asked))


def _check_steps(
    workspace: Workspace,
    state: CatalogState,
    params: Params,
    ran: Iterable[str],
    *,
    where: str,
) -> None:
    """Refuse the name of a step that never ran; one that ran may have written nothing."""
    asked = params.outside().steps
    if not asked:
        return
    named = scan(workspace, state, "run_steps").select("step").unique().collect()["step"]
    known = {*ran, *(name.partition("/")[0] for name in named if ":" not in name)}
    # A catalog that was put together by other means has rows of steps, and no lineage of them.
    known |= {key[1] for table in state.tables.values() for key in table.partitions if key[1:]}
    for step in asked:
        if step not in known:
            raise UnknownNameError("step", step, known=known, where=where)


def _is_of_sources(table: str) -> bool:
    return table_schema(table).partition_by[:1] == ("source",)


def _rows(
    workspace: Workspace, state: CatalogState, table: str, sources: tuple[str, ...]
) -> pl.LazyFrame:
    keys = [(source,) for source in sources] if _is_of_sources(table) else [()]
    return scan_partitions(workspace, state, table, keys)


def _count(state: CatalogState, table: str, sources: tuple[str, ...]) -> int:
    partitions = state.table(table).partitions
    is_all = not _is_of_sources(table)
    return sum(f.rows for key, fs in partitions.items() if is_all or key[0] in sources for f in fs)


def make_report(
    catalog: Catalog,
    report: str,
    to: Path | None = None,
    *,
    ref: str | None = None,
    sources: Sequence[str] | None = None,
    params: dict[str, Any] | None = None,
) -> ReportResult:
    """Make a report of one snapshot.

    Args:
        catalog: Where the tables are.
        report: Name of the report.
        to: Folder to write, replaced when an earlier report wrote it; ``reports/<report>`` in the
            workspace when None.
        ref: Snapshot or tag; the newest when None.
        sources: Sources to report on; all when None.
        params: Parameters of the report.

    Raises:
        UnknownNameError: If there is no such report, source, snapshot, or step.
        RecipeError: If parameters do not fit, or the folder holds what no report wrote.
        DataError: If the rows are not what the report can speak of.
        MissingExtraError: If a library for pages or figures is not installed.
    """
    folder = to if to is not None else catalog.workspace.root / "reports" / report
    return prepare_report(
        catalog.workspace,
        catalog.snapshot(ref).state,
        report=report,
        to=folder,
        sources=sources,
        params=params or {},
        where=f"report to {folder}",
    ).publish()
