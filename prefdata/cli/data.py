"""Commands around data coming in: init, ingest, source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prefdata.cli import _output
from prefdata.cli._options import Json, MaxRejects, Overrides, Workspace, parse_settings
from prefdata.cli._progress import reporter

__all__ = ["register"]

source_app = typer.Typer(help="Datasets that can be ingested.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("init")(init)
    app.command("ingest")(ingest)
    app.add_typer(source_app, name="source")


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make the workspace in.")] = Path(),
) -> None:
    """Make a workspace: settings, catalog and warehouse in one folder."""
    import prefdata as pf

    catalog = pf.init(folder)
    _output.line(f"workspace {catalog.workspace.root}")


def ingest(
    source: Annotated[str, typer.Argument(help="Name of the dataset; see `prefdata source list`.")],
    origin: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="File, folder, hf://datasets/… or https://…; the hub's pinned files by default.",
            show_default=False,
        ),
    ] = None,
    workspace: Workspace = None,
    settings: Overrides = None,
    max_rejects: MaxRejects = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Read again although nothing changed.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    as_json: Json = False,
) -> None:
    """Read a dataset into the catalog, replacing what the catalog held of it."""
    import prefdata as pf

    with reporter(as_json=as_json) as report:
        result = pf.ingest(
            source,
            origin,
            workspace=workspace,
            params=parse_settings(settings),
            max_rejects=max_rejects,
            is_forced=force,
            is_offline=offline,
            report=report,
        )
    if as_json:
        return
    _output.rows([{"table": table, "rows": count} for table, count in result.tables.items()])
    _output.line(
        f"{result.rows_in:,} raw rows = {result.rows_out:,} kept "
        f"+ {result.rejected:,} in quarantine"
    )
    if result.rejected:
        _output.rows([{"rule": r, "rows": n} for r, n in sorted(result.reasons.items())])
        _output.line(f"see them: prefdata sql \"FROM rejects WHERE source = '{result.source}'\"")


@source_app.command("list")
def source_list(*, as_json: Json = False) -> None:
    """List the datasets that can be ingested."""
    from prefdata.fetch import source_summaries

    _output.rows(source_summaries(), as_json=as_json)


@source_app.command("show")
def source_show(
    name: Annotated[str, typer.Argument(help="Name of the dataset.")], *, as_json: Json = False
) -> None:
    """Show where a dataset comes from, its files, licences, counts and known issues."""
    from prefdata.fetch import card

    found = card(name).model_dump(mode="json", exclude_none=True)
    if as_json:
        _output.json_lines([found])
        return
    for key, value in found.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            _output.heading(key)
            names = list(dict.fromkeys(k for item in value for k in item))
            _output.table(names, [[item.get(k) for k in names] for item in value])
        elif isinstance(value, list):
            _output.heading(key)
            for item in value:
                _output.line(f"- {item}")
        elif isinstance(value, dict):
            _output.heading(key)
            for name_, item in value.items():
                _output.line(f"{name_}: {item}")
        else:
            _output.line(f"{key}: {value}")


@source_app.command("rebuild")
def source_rebuild(
    name: Annotated[str, typer.Argument(help="Source in the catalog.")],
    to: Annotated[Path, typer.Option("--to", help="Folder for the raw rows, as JSON Lines.")],
    workspace: Workspace = None,
    adapter: Annotated[
        str | None,
        typer.Option(help="Adapter that read it, when it is a generic one.", show_default=False),
    ] = None,
) -> None:
    """Write the raw rows of a source again, from the catalog: the proof that nothing is lost."""
    import prefdata as pf
    from prefdata.runner import rebuild

    counts = rebuild(pf.open(workspace), name, to, adapter=adapter)
    _output.rows([{"file": file, "rows": count} for file, count in counts.items()])
