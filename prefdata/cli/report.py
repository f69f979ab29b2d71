"""The command that makes reports, and lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prefdata.cli import _output
from prefdata.cli._options import At, Json, Overrides, Workspace, parse_settings
from prefdata.cli._params import parameter_rows
from prefdata.core.errors import UserError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report)


def report(
    name: Annotated[
        str | None, typer.Argument(help="Name of the report.", show_default=False)
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="Folder to write; reports/NAME in the workspace by default.",
            show_default=False,
        ),
    ] = None,
    workspace: Workspace = None,
    at: At = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Only this source; may be repeated.", show_default=False),
    ] = None,
    settings: Overrides = None,
    *,
    is_listed: Annotated[
        bool, typer.Option("--list", help="List the reports and their parameters.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a page with figures and numbers about what the catalog holds."""
    if is_listed:
        _list(name, as_json=as_json)
        return
    if name is None:
        raise UserError(
            "A report needs a name.", where="NAME", fix="List them: prefdata report --list"
        )
    import prefdata as pf

    made = pf.report(
        name,
        to,
        workspace=workspace,
        ref=at,
        sources=source,
        params=parse_settings(settings),
    )
    if as_json:
        told = {"report": made.report, "rows": made.rows, "folder": str(made.folder)}
        _output.json_lines([{**told, "digests": made.digests}])
        return
    if made.summary:
        _output.line(made.summary)
    for file in sorted(made.digests, key=lambda file: (file != "index.html", file)):
        _output.line(str(made.folder / file))


def _list(name: str | None, *, as_json: bool) -> None:
    """List the reports, or the parameters of one."""
    from prefdata.registry import names, plugin

    if name is None:
        found = [plugin("report", known) for known in names("report")]
        _output.rows(
            [{"report": r.name, "version": r.version, "what": r.summary} for r in found],
            as_json=as_json,
        )
        return
    _output.rows(
        parameter_rows(plugin("report", name).params),
        as_json=as_json,
        empty="it takes no parameters",
    )
