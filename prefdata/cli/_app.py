"""The tree of commands, and the one place where errors become messages."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from prefdata.cli import (
    annotate,
    catalog,
    data,
    demo,
    export,
    pipeline,
    publish,
    query,
    report,
    search,
    snapshot,
)
from prefdata.core.disk import disk_error
from prefdata.core.errors import PrefdataError

__all__ = ["app", "main"]


class _Boundary(TyperGroup):
    """Runs a command; a `PrefdataError` is a message and a status, anything else a bug."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            # A pipe that was closed is noticed here, not at exit, where Python would complain.
            sys.stdout.flush()
        except PrefdataError as error:
            # Not through rich: it would wrap a path, and a wrapped path can be neither clicked
            # nor searched for.
            sys.stderr.write(f"{error}\n")
            raise typer.Exit(error.exit_status) from error
        except BrokenPipeError as error:
            # The reader of a pipe (`head`) has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit from error
        except Exception as error:
            if told := disk_error(error):
                sys.stderr.write(f"{told}\n")
                raise typer.Exit(told.exit_status) from error
            raise
        except KeyboardInterrupt as error:
            sys.stderr.write("interrupted; what was finished is kept, run the same command again\n")
            raise typer.Exit(130) from error
        return result


app = typer.Typer(
    name="prefdata",
    cls=_Boundary,
    help="Unify, query, clean and export preference datasets.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (data, pipeline, export, publish, annotate, report, query, search, catalog, demo):
    group.register(app)
snapshot.register(app)


def _version(*, is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"prefdata {version('prefdata')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version.",
            is_eager=True,
            callback=lambda value: _version(is_asked=value),
        ),
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command line."""
    app()
