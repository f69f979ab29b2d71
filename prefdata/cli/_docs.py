"""Write docs/cli.md from the commands themselves: ``python -m prefdata.cli._docs docs/cli.md``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer.main

from prefdata.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["cli_markdown"]

_START = """\
# Commands

Results go to stdout, progress and errors to stderr. Exit status: 0 done, 2 the command or recipe is
wrong, 3 the data is wrong, 4 the set-up is wrong (network, disk, another writer), 70 a bug.
Every command takes `--help`. This page is made from the commands; do not edit it.
"""


def cli_markdown() -> str:
    """Return the page: one heading for each command, with its arguments and options."""
    root = typer.main.get_command(app)
    parts = [_START]
    for name, command in _leaves(root, "prefdata"):
        parts.append(f"## `{name}`\n\n{(command.help or '').strip()}\n")
        rows = [_row(param) for param in command.params if param.name != "help"]
        if rows:
            parts.append("| | |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    commands = getattr(command, "commands", None)
    if not commands:
        yield name, command
        return
    for key, child in sorted(commands.items()):
        yield from _leaves(child, f"{name} {key}")


def _row(param: Any) -> str:
    names = ", ".join(f"`{opt}`" for opt in (*param.opts, *param.secondary_opts))
    if param.param_type_name == "argument":
        names = f"`{param.name.upper()}`"
    text = (getattr(param, "help", None) or "").replace("|", "\\|")
    default = param.default
    if default not in (None, False, ()) and not callable(default) and str(default) != ".":
        text += f" Default: {default}."
    return f"| {names} | {text} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(cli_markdown())
