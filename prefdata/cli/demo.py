"""Commands that need no data of yours: demo, synth."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from prefdata.cli import _output
from prefdata.cli._options import Json
from prefdata.core.errors import UnknownNameError, UserError

__all__ = ["register"]

_SMALL, _LEAST = 0.01, 0.0005
_LONG = 0.2
"""From this scale on, it takes long enough to say how far it is."""
_COUNT = re.compile(r"(?P<number>\d[\d_]*(\.\d+)?)(?P<times>[kmg]?)")
_TIMES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("demo")(demo)
    app.command("synth")(synth)


def synth(
    folder: Annotated[Path, typer.Argument(help="Folder to write the raw files in.")],
    scale: Annotated[
        float | None,
        typer.Option(
            help="How many times the published sizes; 0.01 by default. Beyond 1, further rows are "
            "like the published ones and about other things.",
            min=0.0005,
            max=1000.0,
            show_default=False,
        ),
    ] = None,
    pairs: Annotated[
        str | None,
        typer.Option(
            help="In place of --scale: about how many pairs the recipe `clean` is to make of it, "
            "such as 200k, 15M or 1_000_000.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all chance.", min=0)] = 0,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Only this dataset; may be repeated.", show_default=False),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Write a synthetic world: raw files in the published formats, with planted truth.

    The published size takes 1.6 GB and a minute, larger ones as many times that and no more memory.
    """
    from prefdata.cli._progress import reporter
    from prefdata.testing.world import SOURCES, WorldSpec, write_world

    for name in source or ():
        if name not in SOURCES:
            raise UnknownNameError("synthetic dataset", name, known=SOURCES, where="--source")
    wanted = tuple(dict.fromkeys(source or SOURCES))
    spec = WorldSpec(seed=seed, scale=_scale(scale, pairs, wanted), sources=wanted)
    with reporter(is_quiet=spec.scale < _LONG) as report:
        world = write_world(folder, spec, report=report)
    _output.rows(world.summary(), as_json=as_json)


def _scale(scale: float | None, pairs: str | None, sources: tuple[str, ...]) -> float:
    """Return the scale that was asked for, by itself or by a number of pairs."""
    from prefdata.testing.world import MAX_SCALE, scale_of_pairs

    if pairs is None:
        return _SMALL if scale is None else scale
    if scale is not None:
        raise UserError(
            "A world has a scale or a number of pairs, not both.",
            where="--scale, --pairs",
            fix="Leave one of them out.",
        )
    found = _COUNT.fullmatch(pairs.strip().lower())
    wanted = float(found["number"].replace("_", "")) * _TIMES[found["times"]] if found else 0.0
    meant = scale_of_pairs(round(wanted), sources)
    if not _LEAST <= meant <= MAX_SCALE:
        least, most = (
            round(limit / scale_of_pairs(10**9, sources) * 10**9) for limit in (_LEAST, MAX_SCALE)
        )
        raise UserError(
            f"{pairs!r} is not a number of pairs that can be made.",
            where="--pairs",
            fix=f"Write {least:,} to {most:,}, such as 200k, 15M or 1_000_000.",
        )
    return meant


def demo(
    folder: Annotated[
        Path, typer.Argument(help="Folder of the demo; removed and made anew.")
    ] = Path("prefdata-demo"),
) -> None:
    """Show the whole story offline in about a minute, on a synthetic world."""
    from prefdata.cli._story import tell

    tell(folder)
