"""A world is refused before it fills the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.core.errors import SetupError
from prefdata.testing.world import World, WorldSpec, write_world
from prefdata.testing.world.room import BYTES, ROWS, bytes_of

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def test_the_estimate_is_near_what_is_written(world: World) -> None:
    truth = sum(path.stat().st_size for path in world.truth.folder.iterdir())
    written = sum(one["bytes"] for one in world.summary())  # type: ignore[misc]
    assert bytes_of(world.spec) == pytest.approx(written + truth, rel=0.1)
    assert BYTES.keys() == ROWS.keys() == world.sources.keys()


def test_rows_are_those_of_the_published_size(world: World) -> None:
    for name, source in world.sources.items():
        assert sum(source.rows.values()) == pytest.approx(ROWS[name] * world.spec.scale, rel=0.02)


def test_a_world_without_room_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"takes about 700\.0 GB"):
        write_world(tmp_path / "a" / "b", WorldSpec(scale=1_000, sources=("ultrafeedback",)))
    assert not (tmp_path / "a").exists()
