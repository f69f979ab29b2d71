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
    told = run("synth", tmp_path, "--scale", "2000")
    assert (told.status, told.stdout) == (2, "")
    assert "--scale" in told.stderr


def test_a_number_of_pairs_stands_for_a_scale(run: Run, tmp_path: Path) -> None:
    told = [
        run("synth", tmp_path, "--pairs", pairs, "--source", "multipref", "--json")
        for pairs in ("60", "0.06k", "0_060")
    ]
    assert [one.status for one in told] == [0, 0, 0]
    assert len({one.stdout for one in told}) == 1
    assert json.loads(told[0].stdout)["rows"] == 21


def test_a_number_of_pairs_that_is_none_is_refused(run: Run, tmp_path: Path) -> None:
    for wrong in ("many", "-5", "1G2", "3", "99G"):
        told = run("synth", tmp_path / "raw", f"--pairs={wrong}")
        assert told.status == 2
        assert "--pairs" in told.stderr
        assert "such as 200k, 15M or 1_000_000" in told.stderr
    assert not (tmp_path / "raw").exists()


def test_a_scale_and_a_number_of_pairs_are_refused_together(run: Run, tmp_path: Path) -> None:
    told = run("synth", tmp_path / "raw", "--pairs", "1M", "--scale", "1")
    assert told.status == 2
    assert "not both" in told.stderr


def test_a_world_that_the_disk_cannot_hold_is_refused(run: Run, tmp_path: Path) -> None:
    told = run("synth", tmp_path / "raw", "--scale", "1000")
    assert (told.status, told.stdout) == (4, "")
    assert "takes about 1,6" in told.stderr
    assert not (tmp_path / "raw").exists()
