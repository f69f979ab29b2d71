"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from prefdata.core.errors import UserError

__all__ = ["At", "Engine", "Json", "MaxRejects", "Overrides", "Workspace", "parse_settings"]

Workspace = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        help="Folder of the catalog; by default PREFDATA_HOME, or the nearest one upwards.",
        show_default=False,
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", help="Snapshot or tag to look at; the newest by default.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
Engine = Annotated[
    str,
    typer.Option(
        help="Where heavy work is done: `local`, `ray` (workers on this machine, or at "
        "RAY_ADDRESS), or `ray:ADDRESS`. What comes out is the same.",
    ),
]
MaxRejects = Annotated[
    float | None,
    typer.Option(
        help="Fail if more than this share (0 to 1) of the rows is rejected.",
        min=0,
        max=1,
        show_default=False,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override, as key.sub=value; may be repeated.", show_default=False),
]


def parse_settings(items: list[str] | None) -> dict[str, Any]:
    """Parse ``name=value`` items; values are YAML."""
    import yaml

    from prefdata.core.strict_yaml import load_tree

    settings: dict[str, Any] = {}
    for item in items or []:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise UserError(f"{item!r} is not a setting.", where="--set", fix="Write name=value.")
        try:
            settings[name] = load_tree(value)[0]
        except yaml.YAMLError as error:
            raise UserError(
                f"{value!r} is not YAML.", where=f"--set {name}", fix="Quote the value."
            ) from error
    return settings
