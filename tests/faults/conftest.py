"""What several tests of faults share: a process that forks commands, and a small disk."""

from __future__ import annotations

import gc
import subprocess
from typing import TYPE_CHECKING

import pytest

from prefdata.testing.disturb import Commands
from prefdata.testing.world import WorldSpec, write_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__: list[str] = []


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """Give the process that forks commands; one for all tests, for it takes seconds to start."""
    with Commands() as running:
        yield running


@pytest.fixture(scope="session")
def tiny_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give raw files of two sources with some hundred rows, which nobody changes."""
    folder = tmp_path_factory.mktemp("tiny")
    write_world(folder, WorldSpec(seed=1, scale=0.001, sources=("hh-rlhf", "ultrafeedback")))
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Give a function that makes a disk of some size (``size=8m``), or changes it (``ro``)."""
    place = tmp_path / "disk"
    place.mkdir()
    is_there = False

    def mount(options: str) -> Path:
        nonlocal is_there
        more = "remount," if is_there else ""
        gc.collect()  # A database that a test left open would keep the disk from changing.
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", more + options, "tmpfs", str(place)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and not is_there:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        is_there = True
        return place

    yield mount
    if is_there:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
