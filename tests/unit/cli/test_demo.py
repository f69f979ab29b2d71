"""A synthetic world from the command line: the same bytes for the same seed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run

__all__: list[str] = []


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_seed_decides_every_byte(run: Run, tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        args = ("--scale", "0.002", "--seed", seed, "--source", "multipref", "--json")
        told = run("synth", tmp_path / name, *args)
        assert told.status == 0
        assert json.loads(told.stdout)["source"] == "multipref"
    assert _files(tmp_path / "a") == _files(tmp_path / "b") != _files(tmp_path / "c")


def test_a_dataset_that_the_world_does_not_hold_is_refused(run: Run, tmp_path: Path) -> None:
    told = run("synth", tmp_path / "raw", "--source", "multiperf")
    assert (told.status, told.stdout) == (2, "")
    assert told.stderr.startswith("error[unknown-name]: ")
    assert "Did you mean 'multipref'?" in told.stderr
    assert not (tmp_path / "raw").exists()


def test_a_dataset_may_be_named_twice(run: Run, tmp_path: Path) -> None:
    twice = ("--source", "multipref", "--source", "multipref")
    told = run("synth", tmp_path, "--scale", "0.001", *twice, "--json")
    assert told.status == 0
    assert len(told.stdout.splitlines()) == 1


def test_a_scale_out_of_range_is_refused(run: Run, tmp_path: Path) -> None:
    told = run("synth", tmp_path, "--scale", "2")
    assert (told.status, told.stdout) == (2, "")
    assert "--scale" in told.stderr
