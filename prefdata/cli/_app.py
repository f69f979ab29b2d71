"""The tree of commands, and the one place where errors become messages."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from prefdata.cli import catalog, data, demo, pipeline, query, snapshot
from prefdata.core.errors import PrefdataError

__all__ = ["app", "main"]

app = typer.Typer(
    name="prefdata",
    help="Unify, query, clean and export preference datasets.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (data, pipeline, query, catalog, demo):
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
    """Run the command line; a `PrefdataError` is a message and a status, anything else a bug."""
    try:
        app()
    except PrefdataError as error:
        # Not through rich: it would wrap a path, and a wrapped path can be neither clicked nor
        # searched for.
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_status)
    except BrokenPipeError:
        # The reader of a pipe (`head`) went away; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; what was finished is kept, run the same command again\n")
        sys.exit(130)
