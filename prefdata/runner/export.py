"""Write pairs with their texts into the files that a trainer reads; a folder at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import pyarrow as pa
import pyarrow.parquet as pq

from prefdata.catalog import Session
from prefdata.catalog.damage import damage_told
from prefdata.catalog.warehouse import open_warehouse
from prefdata.core.errors import RecipeError, UnknownNameError
from prefdata.recipes import ExportStep
from prefdata.registry import names, plugin
from prefdata.runner.export_rows import Selection, Settled, little_memory, rows_of, settle
from prefdata.runner.folders import PendingFolder, prepare_folder
from prefdata.runner.removals import removed_rows
from prefdata.runner.treatment import Treated, Treatment, scrub_kinds
from prefdata.runner.units import checked, checked_params

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

    from prefdata.catalog import Catalog, CatalogState, Workspace
    from prefdata.protocols import Exporter

__all__ = [
    "LEFT_OUT",
    "ExportOptions",
    "ExportRequest",
    "ExportResult",
    "PendingExport",
    "Written",
    "check_request",
    "export_pairs",
    "export_request",
    "prepare_export",
    "write_rows",
    "write_settled",
]

LEFT_OUT = ".prefdata-left-out.csv"
"""File in the folder of an export: which selected pairs are not in it, and why."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is to be written, and how."""

    exporter: str
    selection: Selection
    params: dict[str, Any] = field(default_factory=dict)
    treatment: Treatment = field(default_factory=Treatment)


@dataclass(frozen=True, slots=True)
class Written:
    """What an exporter wrote of a selection; ``selected = rows + sum(left_out)``."""

    paths: list[Path]
    selected: int
    """Pairs of the step that the decisions and sources let in."""
    rows: int
    """Pairs that the format was given."""
    n_written: int
    """Rows that it made of them; in each kind of file, where there are two."""
    left_out: dict[str, int]
    """Reason to pairs: policies, what the format cannot hold, what its trainer could not use."""
    unfit: pl.DataFrame
    """Columns pair_id and reason of those that policies let in, and that are left out all the
    same."""
    found: dict[str, int]
    """Finding of the trainability audit to pairs; they are in the files unless left out."""
    scrubbed: dict[str, int]
    """Kind of personal data to places that were replaced."""
    scrubbed_rows: dict[str, int]
    """The same, to pairs."""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """Files that an export wrote."""

    exporter: str
    folder: Path
    written: Written
    digests: dict[str, str]
    """File name to SHA-256."""
    loses: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Pairs that the format was given."""
        return self.written.rows


@dataclass(frozen=True, slots=True)
class PendingExport:
    """An export that is complete beside its place; `publish` moves it there."""

    exporter: str
    version: int
    files: PendingFolder
    written: Written
    loses: tuple[str, ...]

    def publish(self) -> ExportResult:
        """Put the folder in its place, replacing what an earlier export left there.

        Raises:
            SetupError: If the folder cannot be replaced.
        """
        self.files.publish()
        return ExportResult(
            self.exporter, self.files.place, self.written, self.files.digests, self.loses
        )


def prepare_export(
    workspace: Workspace, state: CatalogState, request: ExportRequest, *, to: Path, where: str
) -> PendingExport:
    """Write an export beside its place.

    Raises:
        UnknownNameError: If there is no such exporter, or no step of that name wrote pairs,
            decisions, splits or passed rationales.
        RecipeError: If parameters do not fit, the format holds no rationales or needs them, or
            the place holds what no export wrote.
        DataError: If a pair does not fit the format, and that is to be an error.
    """
    written: list[Written] = []

    def fill(folder: Path) -> list[Path]:
        made = write_rows(workspace, state, request, folder, where=where)
        written.append(made)
        return made.paths

    check_request(state, request, where=where)
    note = f"{request.exporter} of {request.selection.pairs}"
    with damage_told(open_warehouse(workspace), state):
        files = prepare_folder(to, "export", fill, note=note, where=where)
    found: Exporter = plugin("exporter", request.exporter)
    return PendingExport(request.exporter, found.version, files, written[0], found.loses)


def check_request(state: CatalogState, request: ExportRequest, *, where: str) -> None:
    """Refuse what cannot be written, before anything is.

    Raises:
        UnknownNameError: If it names an exporter, a step or a source that there is not.
        RecipeError: If there are no pairs, parameters do not fit, or rationales are missing or
            too many.
    """
    found: Exporter = plugin("exporter", request.exporter, where=where)
    checked_params(found.params, request.params, where=where)
    chosen = request.selection
    _check_rationales(found, chosen.rationales, where=where)
    asked = {
        "pairs": chosen.pairs,
        "decisions": chosen.decisions,
        "splits": chosen.splits,
        "rationale_gates": chosen.rationales,
    }
    for table, step in asked.items():
        known = {key[1] for key in state.table(table).partitions}
        if table == "pairs" and not known:
            raise RecipeError(
                "No step has made pairs yet.",
                where=where,
                fix="Run a recipe that makes them, such as `prefdata run clean`.",
            )
        if step is not None and step not in known:
            raise UnknownNameError(f"step that wrote {table}", step, known=known, where=where)
    for name in chosen.sources or ():
        if name not in state.sources():
            raise UnknownNameError(
                "source in the catalog", name, known=state.sources(), where=where
            )


def write_rows(
    workspace: Workspace, state: CatalogState, request: ExportRequest, folder: Path, *, where: str
) -> Written:
    """Write what a request selects into a folder that nobody reads yet.

    Raises:
        DataError: If a pair does not fit the format, and that is to be an error.
    """
    with Session(workspace, state, has_views=False) as session, little_memory(session):
        settled = settle(session, request.selection)
        return write_settled(session, request, settled, folder, where=where)


def write_settled(
    session: Session, request: ExportRequest, settled: Settled, folder: Path, *, where: str
) -> Written:
    """Write the pairs that were settled for a request; see `write_rows`.

    Raises:
        DataError: If a pair does not fit the format, and that is to be an error.
    """
    found: Exporter = plugin("exporter", request.exporter, where=where)
    settings = checked_params(found.params, request.params, where=where)
    treated = Treated(request.treatment, found, settings, where=where)
    if not settled.n_selected:
        _refuse_undecided(session, request.selection, where=where)
    rows = rows_of(
        session,
        request.selection,
        settled,
        more=treated.more,
        takes_critiques=found.takes_critiques,
    )
    paths = found.write(treated.apply(rows.batches()), folder, settings)
    unfit = treated.rejected()
    if unfit.height:
        unfit.write_csv(folder / LEFT_OUT)
    return Written(
        paths=paths,
        selected=rows.n_selected,
        rows=treated.rows,
        n_written=_rows_in(paths, default=treated.rows),
        left_out=rows.left_out | treated.left_out,
        unfit=unfit,
        found=treated.found,
        scrubbed=treated.scrubbed,
        scrubbed_rows=treated.scrubbed_rows,
    )


def _refuse_undecided(session: Session, selection: Selection, *, where: str) -> None:
    """Refuse decisions that are about other pairs, rather than write nothing."""
    values = {"pairs": selection.pairs, "decisions": selection.decisions}
    query = (
        "SELECT count(*) FROM pairs JOIN decisions USING (pair_id) "
        "WHERE pairs.stage = $pairs AND decisions.stage = $decisions"
    )
    row = session.connection.execute(query, values).fetchone()
    if selection.decisions is not None and not (row and row[0]):
        raise RecipeError(
            f"The step {selection.decisions} decided on no pair of {selection.pairs}.",
            where=where,
            fix=f"Run select-pairs with `pairs: {selection.pairs}`, and name that step.",
        )


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


def _rows_in(paths: Iterable[Path], *, default: int) -> int:
    """Count the rows of the files of an export; where there are two kinds, those of one.

    Files of other kinds hold one document, whose rows nobody but its reader can count.
    """
    counts: dict[str, int] = {}
    for path in paths:
        if path.suffix in _COUNT:
            counts[path.suffix] = counts.get(path.suffix, 0) + _COUNT[path.suffix](path)
    return max(counts.values(), default=default)


def _parquet_rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _arrow_rows(path: Path) -> int:
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        return sum(batch.num_rows for batch in reader)


_COUNT = {".parquet": _parquet_rows, ".jsonl": _lines, ".arrow": _arrow_rows}


def export_request(
    workspace: Workspace,
    state: CatalogState,
    step: ExportStep,
    *,
    sources: Sequence[str] | None,
    root: Path,
) -> ExportRequest:
    """Make a request of what a recipe says.

    Args:
        workspace: Where the catalog is.
        state: The snapshot.
        step: The export of the recipe.
        sources: Sources of the recipe; all when None.
        root: Folder that relative paths of files start from.

    Raises:
        UserError: If the list of removals cannot be read, or no kind of personal data is named.
    """
    removals = None
    if step.removals is not None:
        removals = removed_rows(root / step.removals, workspace, state)
    return ExportRequest(
        step.exporter,
        Selection(
            pairs=step.pairs,
            decisions=step.decisions,
            splits=step.splits,
            rationales=step.rationales,
            sources=None if sources is None else tuple(sources),
            policies=step.policies,
            removals=removals,
        ),
        params=step.params,
        treatment=Treatment(
            scrubs=scrub_kinds(step.scrub),
            trainability=step.trainability,
            is_strict=step.policies.unfit == "fail",
        ),
    )


class ExportOptions(TypedDict, total=False):
    """What an export of a recipe may say, by the same names; see `prefdata.recipes.ExportStep`."""

    pairs: str
    """Step whose pairs are exported; ``make-pairs`` by default."""
    decisions: str | None
    """Step that decides which pairs are in; all by default."""
    splits: str | None
    """Step that assigns the splits; one split ``train`` by default."""
    rationales: str | None
    """Step that let rationales pass; none are exported by default."""
    policies: dict[str, str]
    """What to do with ties, disagreement, repeats, several chosen and what does not fit."""
    trainability: dict[str, Any] | None
    """Tokenizer and lengths that pairs must survive."""
    scrub: bool | tuple[str, ...]
    """Whether placeholders replace personal data: all kinds, or those named."""
    removals: str | None
    """File with what somebody asked to remove, relative to the working folder."""
    params: dict[str, Any]
    """Parameters of the exporter."""


def export_pairs(
    catalog: Catalog,
    exporter: str,
    to: Path,
    *,
    ref: str | None = None,
    sources: Sequence[str] | None = None,
    **options: Unpack[ExportOptions],
) -> ExportResult:
    """Write the pairs of one snapshot as files for a trainer.

    Args:
        catalog: Where the pairs are.
        exporter: Name of the format.
        to: Folder to write; replaced when an earlier export wrote it.
        ref: Snapshot or tag; the newest when None.
        sources: Sources to export; all when None.
        options: The rest; see `ExportOptions`.

    Raises:
        RecipeError: If an option does not fit.
    """
    where = f"export to {to}"
    given = {name: value for name, value in options.items() if value is not None}
    step = checked(ExportStep, {"as": exporter, "to": "here", **given}, where=where)
    workspace, state = catalog.workspace, catalog.snapshot(ref).state
    request = export_request(workspace, state, step, sources=sources, root=Path())
    return prepare_export(workspace, state, request, to=to, where=where).publish()
