"""Commands that need no data of yours: demo, synth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prefdata.cli import _output
from prefdata.cli._options import Json
from prefdata.core.errors import UnknownNameError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("demo")(demo)
    app.command("synth")(synth)


def synth(
    folder: Annotated[Path, typer.Argument(help="Folder to write the raw files in.")],
    scale: Annotated[
        float, typer.Option(help="Share of the published sizes.", min=0.0005, max=1.0)
    ] = 0.01,
    seed: Annotated[int, typer.Option(help="Seed of all chance.", min=0)] = 0,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Only this dataset; may be repeated.", show_default=False),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Write a synthetic world: raw files in the published formats, with planted truth."""
    from prefdata.testing.world import SOURCES, WorldSpec, write_world

    for name in source or ():
        if name not in SOURCES:
            raise UnknownNameError("synthetic dataset", name, known=SOURCES, where="--source")
    wanted = tuple(dict.fromkeys(source or SOURCES))
    spec = WorldSpec(seed=seed, scale=scale, sources=wanted)
    world = write_world(folder, spec)
    _output.rows(world.summary(), as_json=as_json)


def demo(
    folder: Annotated[
        Path, typer.Argument(help="Folder of the demo; removed and made anew.")
    ] = Path("prefdata-demo"),
) -> None:
    """Show the whole story offline in about a minute, on a synthetic world."""
    from prefdata.cli._story import tell

    tell(folder)
