"""What users call from Python; the command line calls the same functions.

>>> import prefdata as pf
>>> catalog = pf.init("workspace")                                    # doctest: +SKIP
>>> pf.ingest("hh-rlhf", "downloads/hh-rlhf", workspace="workspace")  # doctest: +SKIP
>>> pf.run("clean", workspace="workspace")                            # doctest: +SKIP
>>> catalog.sql("SELECT * FROM pair_summary").pl()                    # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from prefdata.catalog import Catalog
from prefdata.core.events import Report, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.annotation.progress import BatchStatus
    from prefdata.chat.estimate import EstimateLine
    from prefdata.protocols import EmbedderParams
    from prefdata.quality import Validation
    from prefdata.recipes import Recipe
    from prefdata.runner import IngestResult, PlannedStep, RunResult
    from prefdata.runner.export import ExportOptions, ExportResult
    from prefdata.runner.handoff import Closed, HandoffResult
    from prefdata.runner.publish import PublishOptions, PublishResult
    from prefdata.runner.report import ReportResult
    from prefdata.runner.run import RunOptions
    from prefdata.runner.take_back import TakeBackResult
    from prefdata.vectors.search import Searched, Within

__all__ = [
    "alike",
    "close_batch",
    "embed",
    "export",
    "hand_off",
    "ingest",
    "init",
    "label_status",
    "open",
    "plan",
    "price",
    "publish",
    "report",
    "run",
    "search",
    "take_back",
    "validate",
]

Place = Path | str | None


def init(root: Path | str) -> Catalog:
    """Make a workspace in a folder, or open the one that is there."""
    return Catalog.create(root)


def open(workspace: Place = None) -> Catalog:  # noqa: A001 - read as pf.open
    """Open the catalog of a workspace: a folder, ``PREFDATA_HOME``, or at or above here.

    Raises:
        WorkspaceError: If there is none.
    """
    return Catalog.open(workspace)


def ingest(
    source: str,
    origin: Path | str | None = None,
    *,
    workspace: Place = None,
    params: dict[str, Any] | None = None,
    max_rejects: float | None = None,
    is_forced: bool = False,
    is_offline: bool = False,
    report: Report = silent,
) -> IngestResult:
    """Read a dataset into the catalog, replacing what the catalog held of it.

    Args:
        source: Name of the dataset; `prefdata source list` shows them.
        origin: File, folder, ``hf://datasets/…`` or ``https://…``; the pinned files of the hub
            when None.
        workspace: Where the catalog is.
        params: Parameters of the adapter.
        max_rejects: Greatest share (0 to 1) of raw rows that may end in quarantine.
        is_forced: Read again although nothing changed.
        is_offline: Never use the network; ``PREFDATA_OFFLINE=1`` says the same.
        report: Where to tell progress.

    Raises:
        UnknownNameError: If there is no such dataset.
        FetchError: If the files cannot be had; the error says which to put where.
        SourceDriftError: If the files are not what the adapter was written for.
    """
    from prefdata.fetch import fetch
    from prefdata.registry import plugin
    from prefdata.runner import ingest as _ingest

    catalog = Catalog.open(workspace)
    plugin("source", source)  # A wrong name is told before anything is fetched for it.
    cache = catalog.workspace.root / "cache" / "files"
    files = fetch(source, origin, cache=cache, offline=is_offline, report=report)
    settings: dict[str, Any] = {"params": params, "max_rejects": max_rejects}
    return _ingest(catalog, source, files, **settings, is_forced=is_forced, report=report)


def plan(
    recipe: Recipe | Path | str, *, workspace: Place = None, overrides: Sequence[str] = ()
) -> list[PlannedStep]:
    """Return what a recipe would do, and what of it is already done."""
    from prefdata.runner import plan as _plan

    return _plan(Catalog.open(workspace), _recipe(recipe, overrides))


def price(
    recipe: Recipe | Path | str,
    *,
    workspace: Place = None,
    overrides: Sequence[str] = (),
    report: Report = silent,
) -> list[EstimateLine]:
    """Return what a recipe would ask chat models, and what that would cost; nothing is sent."""
    from prefdata.runner import price as _price

    return _price(Catalog.open(workspace), _recipe(recipe, overrides), report=report)


def run(
    recipe: Recipe | Path | str,
    *,
    workspace: Place = None,
    overrides: Sequence[str] = (),
    report: Report = silent,
    engine: str = "local",
    **options: Unpack[RunOptions],
) -> RunResult:
    """Run a recipe: a file, a shipped name such as ``clean``, or a `Recipe`.

    Args:
        recipe: What to run.
        workspace: Where the catalog is.
        overrides: ``key.sub=value`` each, as ``--set`` on the command line.
        report: Where to tell progress.
        engine: Where heavy work is done; see `prefdata.runner.engines.open_engine`.
        options: See `prefdata.runner.run`.
    """
    from prefdata.runner import run as _run
    from prefdata.runner.engines import open_engine

    catalog, asked = Catalog.open(workspace), _recipe(recipe, overrides)
    with open_engine(engine, where="engine") as opened:
        return _run(catalog, asked, engine=opened, report=report, **options)


def export(
    exporter: str,
    to: Path | str,
    *,
    workspace: Place = None,
    ref: str | None = None,
    sources: Sequence[str] | None = None,
    **options: Unpack[ExportOptions],
) -> ExportResult:
    """Write pairs as files for a trainer; see `prefdata.runner.export_pairs`."""
    from prefdata.runner import export_pairs

    catalog = Catalog.open(workspace)
    return export_pairs(catalog, exporter, Path(to), ref=ref, sources=sources, **options)


def publish(
    recipe: Recipe | Path | str,
    target: str | None = None,
    *,
    workspace: Place = None,
    overrides: Sequence[str] = (),
    **options: Unpack[PublishOptions],
) -> PublishResult:
    """Run a recipe and publish what it says; see `prefdata.runner.publish.publish`."""
    from prefdata.runner.publish import publish as _publish

    return _publish(Catalog.open(workspace), _recipe(recipe, overrides), target, **options)


def report(
    name: str,
    to: Path | str | None = None,
    *,
    workspace: Place = None,
    ref: str | None = None,
    sources: Sequence[str] | None = None,
    params: dict[str, Any] | None = None,
) -> ReportResult:
    """Make a report of one snapshot; see `prefdata.runner.make_report`.

    Args:
        name: Name of the report; `prefdata report --list` shows them.
        to: Folder to write; ``reports/<name>`` in the workspace when None.
        workspace: Where the catalog is.
        ref: Snapshot or tag; the newest when None.
        sources: Sources to report on; all when None.
        params: Parameters of the report.
    """
    from prefdata.runner import make_report

    return make_report(
        Catalog.open(workspace),
        name,
        Path(to) if to is not None else None,
        ref=ref,
        sources=sources,
        params=params,
    )


def hand_off(  # noqa: PLR0913 - the options of the command
    tool: str,
    to: Path | str | None = None,
    *,
    workspace: Place = None,
    step: str = "route",
    source: str | None = None,
    batch: int | None = None,
    params: dict[str, Any] | None = None,
    budget: float | None = None,
    is_dry: bool = False,
) -> HandoffResult:
    """Write the tasks of a batch for a tool; see `prefdata.runner.handoff.hand_off`."""
    from prefdata.runner.handoff import hand_off as _hand_off

    return _hand_off(
        Catalog.open(workspace),
        tool,
        step=step,
        source=source,
        batch=batch,
        to=Path(to) if to is not None else None,
        params=params,
        budget=budget,
        is_dry=is_dry,
    )


def take_back(
    files: Sequence[Path | str],
    *,
    workspace: Place = None,
    tool: str | None = None,
    experts: Sequence[str] = (),
    params: dict[str, Any] | None = None,
    report: Report = silent,
) -> TakeBackResult:
    """Import what annotators answered; see `prefdata.runner.take_back.take_back`."""
    from prefdata.runner.take_back import take_back as _take_back

    catalog = Catalog.open(workspace)
    paths = [Path(file) for file in files]
    return _take_back(catalog, paths, tool=tool, experts=experts, params=params, report=report)


def close_batch(
    batch: int, *, workspace: Place = None, step: str = "route", plan: str | None = None
) -> Closed:
    """Give up on the judgments that a batch still waits for; see `runner.handoff.close_batch`."""
    from prefdata.runner.handoff import close_batch as _close_batch

    return _close_batch(Catalog.open(workspace), batch, step=step, plan=plan)


def label_status(*, workspace: Place = None) -> list[BatchStatus]:
    """Return how far each batch is that was planned or handed off: judgments, rejects, money."""
    from prefdata.runner.take_back import label_status as _label_status

    return _label_status(Catalog.open(workspace))


def embed(
    of: Sequence[str] = ("prompts", "responses"),
    *,
    model: EmbedderParams | str = "auto",
    prompt_view: str | None = None,
    sources: Sequence[str] | None = None,
    workspace: Place = None,
    report: Report = silent,
) -> RunResult:
    """Compute the vectors that texts of the catalog do not have yet.

    Args:
        of: Tables whose texts to embed: ``prompts``, ``responses``.
        model: The embedder: ``lexical``, an id on the hub, a folder, or its parameters.
        prompt_view: What of a prompt: ``user``, ``last`` or ``conversation``.
        sources: Sources whose texts to embed; all when None.
        workspace: Where the catalog is.
        report: Where to tell progress.
    """
    from prefdata.recipes import Recipe as Model

    named = model if isinstance(model, str) else model.model_dump(mode="json")
    params = {"of": list(of), "model": named, "prompt_view": prompt_view}
    recipe = Model.model_validate(
        {
            "name": "embed",
            "sources": sources,
            "steps": [{"stage": "embed", "params": params}],
        }
    )
    return run(recipe, workspace=workspace, report=report)


def search(  # noqa: PLR0913 - the options of the command
    text: str,
    *,
    within: Within = "prompts",
    where: str | None = None,
    k: int = 10,
    view: str | None = None,
    model: EmbedderParams | str = "auto",
    workspace: Place = None,
    at: str | None = None,
    report: Report = silent,
) -> Searched:
    """Find the texts nearest to a sentence; see `prefdata.vectors.search.search`."""
    from prefdata.protocols import EmbedderParams as Model
    from prefdata.vectors.search import search as _search

    return _search(
        Catalog.open(workspace),
        text,
        within=within,
        where=where,
        k=k,
        view=view,
        model=Model.model_validate(model),
        at=at,
        report=report,
    )


def alike(
    pair: str,
    *,
    where: str | None = None,
    k: int = 10,
    model: EmbedderParams | str = "auto",
    workspace: Place = None,
    at: str | None = None,
    report: Report = silent,
) -> Searched:
    """Find pairs whose responses differ alike; see `prefdata.vectors.alike.alike`."""
    from prefdata.protocols import EmbedderParams as Model
    from prefdata.vectors.alike import alike as _alike

    catalog = Catalog.open(workspace)
    asked = Model.model_validate(model)
    return _alike(catalog, pair, where=where, k=k, model=asked, at=at, report=report)


def validate(
    *,
    workspace: Place = None,
    at: str | None = None,
    sample: int | None = None,
    tables: Sequence[str] | None = None,
    docs: Path | str | None = None,
) -> Validation:
    """Hold the catalog against its contracts and the published facts of its sources.

    Args:
        workspace: Where the catalog is.
        at: Snapshot or tag.
        sample: Number of rows per table to look at; all when None.
        tables: Tables to look at; all when None.
        docs: Folder for the Data Docs pages; ``data_docs`` in the workspace when None.

    Raises:
        MissingExtraError: If great-expectations is not installed.
    """
    from prefdata.quality import validate as _validate

    catalog = Catalog.open(workspace)
    folder = Path(docs) if docs is not None else catalog.workspace.root / "data_docs"
    return _validate(catalog, at=at, sample=sample, tables=tables, docs=folder)


def _recipe(recipe: Recipe | Path | str, overrides: Sequence[str]) -> Recipe:
    from prefdata.recipes import Recipe as Model
    from prefdata.recipes import load_recipe

    return recipe if isinstance(recipe, Model) else load_recipe(recipe, overrides=overrides)
