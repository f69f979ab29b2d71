"""Clocks that jump, between commits and in the middle: order stays, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.catalog import Catalog
from prefdata.catalog.verify import verify
from prefdata.testing.disturb import Commands, content, what_is_half

if TYPE_CHECKING:
    from pathlib import Path

_YEAR = 365 * 86400.0


@pytest.mark.fault
def test_a_clock_that_jumps_changes_nothing_but_the_times_of_commits(
    commands: Commands, tiny_world: Path, tmp_path: Path
) -> None:
    def work(workspace: Path, clocks: list[list[tuple[int, float]]]) -> None:
        here: list[str | Path] = ["-w", workspace]
        source = ["ingest", "hh-rlhf", "--from", tiny_world / "hh-rlhf", *here]
        told: list[list[str | Path]] = [["init", workspace], source, ["run", "clean", *here]]
        for words, clock in zip(told, clocks, strict=True):
            done = commands.run(*words, clock=clock)
            assert done.status == 0, done.errors

    work(tmp_path / "calm", [[], [], []])
    # A year back between two commits; a year ahead, and back again, in the middle of one.
    work(tmp_path / "storm", [[], [(0, -_YEAR)], [(40, _YEAR), (120, -_YEAR)]])
    assert content(tmp_path / "storm") == content(tmp_path / "calm")
    history = Catalog.open(tmp_path / "storm").history()
    assert [snapshot.number for snapshot in history] == [0, 1, 2]
    times = [snapshot.created_at for snapshot in history]
    assert times != sorted(times), "the clock has jumped"
    assert what_is_half(tmp_path / "storm", is_tidy=True) == ()


def test_who_removes_orphans_a_year_later_spares_what_a_writer_is_about_to_commit(
    commands: Commands, tmp_path: Path
) -> None:
    catalog = Catalog.create(tmp_path / "w")
    clean: list[str | Path] = ["verify", "--clean", "-w", tmp_path / "w"]
    orphan = catalog.workspace.warehouse / "prompts" / "data" / "left.parquet"
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_bytes(b"by a writer that was killed")
    with catalog.write():
        assert commands.run(*clean, clock=[(0, _YEAR)]).status == 0
        assert orphan.exists(), "a writer may need it"
    assert commands.run(*clean).status == 0
    assert orphan.exists(), "it is young"
    assert commands.run(*clean, clock=[(0, _YEAR)]).status == 0
    assert not orphan.exists()
    assert verify(catalog, is_deep=True).problems == ()
