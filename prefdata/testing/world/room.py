"""How much a world takes up: rows and bytes of each source at the published size."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from prefdata.core.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.testing.world.spec import WorldSpec

__all__ = ["BYTES", "ROWS", "bytes_of", "need_room"]

ROWS = {
    "hh-rlhf": 208_313,
    "ultrafeedback": 63_967,
    "prism": 184_436,
    "community-alignment": 90_256,
    "multipref": 10_461,
}
"""Rows of all files of a source at scale 1."""

BYTES = {
    "hh-rlhf": 61_000_000,
    "ultrafeedback": 700_000_000,
    "prism": 230_000_000,
    "community-alignment": 625_000_000,
    "multipref": 6_500_000,
}
"""Bytes of all files of a source and of its truth at scale 1, rounded up."""

_GB = 10**9


def bytes_of(spec: WorldSpec) -> int:
    """Estimate the bytes of a world."""
    return round(spec.scale * sum(BYTES[name] for name in spec.sources))


def need_room(folder: Path, spec: WorldSpec) -> None:
    """Refuse a world that the disk has no room for.

    Args:
        folder: Where it will be written; it need not be there yet.
        spec: Which world.

    Raises:
        SetupError: If more is needed than is free.
    """
    place = next(at for at in (folder, *folder.absolute().parents) if at.exists())
    needed, free = bytes_of(spec), shutil.disk_usage(place).free
    if needed <= free:
        return
    largest = max(spec.sources, key=lambda name: BYTES[name])
    raise SetupError(
        f"A world of scale {spec.scale:g} takes about {needed / _GB:,.1f} GB, and "
        f"{free / _GB:,.1f} GB are free.",
        where=str(folder),
        fix=f"Free some space, lower --scale, or name fewer with --source: {largest} takes most.",
    )
