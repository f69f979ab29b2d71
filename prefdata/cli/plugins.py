"""Commands that show what recipes are made of: stage, router, exporter."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer

from prefdata.cli import _output
from prefdata.cli._options import Json
from prefdata.cli._params import parameter_rows

__all__ = ["register"]

stage_app = typer.Typer(help="What recipes can do.", no_args_is_help=True)
router_app = typer.Typer(
    help="Ways to tell which comparisons people should judge.", no_args_is_help=True
)
exporter_app = typer.Typer(help="Formats that pairs can be written in.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(stage_app, name="stage")
    app.add_typer(router_app, name="router")
    app.add_typer(exporter_app, name="exporter")


@stage_app.command("list")
def stage_list(*, as_json: Json = False) -> None:
    """List the stages."""
    from prefdata.registry import names, plugin

    stages = [plugin("stage", name) for name in names("stage")]
    _output.rows(
        [
            {
                "stage": s.name,
                "version": s.version,
                "writes": ", ".join(s.writes),
                "what": s.summary,
            }
            for s in stages
        ],
        as_json=as_json,
    )


@stage_app.command("show")
def stage_show(name: Annotated[str, typer.Argument(help="Name of the stage.")]) -> None:
    """Show what a stage reads and writes, its parameters, and what it tells."""
    from prefdata.registry import plugin

    found = plugin("stage", name)
    _output.line(f"{found.name} v{found.version}: {found.summary}")
    _output.line(f"reads {', '.join(found.reads)}; writes {', '.join(found.writes)}")
    _output.rows(parameter_rows(found.params), empty="it takes no parameters")
    _, _, more = inspect.cleandoc(found.run.__doc__ or "").partition("\n\n")
    if more:
        _output.line(f"\n{_plain(more)}")


@router_app.command("list")
def router_list(*, as_json: Json = False) -> None:
    """List the routers."""
    from prefdata.registry import names, plugin

    routers = [plugin("router", name) for name in names("router")]
    _output.rows(
        [{"router": r.name, "version": r.version, "what": r.summary} for r in routers],
        as_json=as_json,
    )


@router_app.command("show")
def router_show(name: Annotated[str, typer.Argument(help="Name of the router.")]) -> None:
    """Show what a router does, and its parameters."""
    from prefdata.registry import plugin

    found = plugin("router", name)
    _output.line(f"{found.name} v{found.version}: {found.summary}")
    _output.rows(parameter_rows(found.params), empty="it takes no parameters")


@exporter_app.command("list")
def exporter_list(*, as_json: Json = False) -> None:
    """List the formats."""
    from prefdata.registry import names, plugin

    exporters = [plugin("exporter", name) for name in names("exporter")]
    _output.rows(
        [{"format": e.name, "version": e.version, "what": _plain(e.summary)} for e in exporters],
        as_json=as_json,
    )


@exporter_app.command("show")
def exporter_show(name: Annotated[str, typer.Argument(help="Name of the format.")]) -> None:
    """Show what a format holds and what it cannot hold, and its parameters."""
    from prefdata.registry import plugin

    found = plugin("exporter", name)
    _output.line(f"{found.name} v{found.version}: {_plain(found.summary)}")
    for loss in found.loses:
        _output.line(f"not in this format: {loss}")
    for column, what in found.columns.items():
        _output.line(f"{column}: {what}")
    _output.rows(parameter_rows(found.params), empty="it takes no parameters")


def _plain(summary: str) -> str:
    """Return what a docstring says without its marks."""
    return summary.replace("``", "")
