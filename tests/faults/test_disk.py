"""A disk that is full or may only be read: told as such, nothing is half, and it goes on after."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from prefdata.catalog import Catalog
from prefdata.testing.disturb import content, what_is_half

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prefdata.testing.disturb import Commands

_POINTS = int(os.environ.get("PREFDATA_KILLS", "12"))
_PAGE = 4096
_Words = list["str | Path"]
_LARGE = "size=64m"

_COMMANDS = {
    "ingest": ["ingest", "ultrafeedback", "--from", "{raw}/ultrafeedback", "-w", "{w}"],
    "run clean": ["run", "clean", "-w", "{w}"],
    "run deduplicate": ["run", "deduplicate", "-w", "{w}"],
    "embed": ["embed", "--model", "lexical", "-w", "{w}"],
    "export": ["export", "{w}/exports/mine", "--as", "trl", "-w", "{w}"],
    "snapshot tag": ["snapshot", "tag", "v1", "-w", "{w}"],
    "snapshot rollback": ["snapshot", "rollback", "#0", "-w", "{w}"],
    "sql": ["sql", "FROM responses", "--to", "{w}/all.csv", "-w", "{w}"],
}


def _used(folder: Path) -> int:
    status = os.statvfs(folder)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def _fill(
    name: str,
    before: list[str],
    shares: list[float],
    small_disk: Callable[[str], Path],
    commands: Commands,
    raw: Path,
) -> int:
    """Run a command on disks with a share of the room it needs; return how often it failed."""
    disk = small_disk(_LARGE)
    workspace, base = disk / "w", disk.with_name("base")

    def words(words: list[str]) -> list[str]:
        return [word.format(raw=raw, w=workspace) for word in words]

    first = ["ingest", "hh-rlhf", "--from", "{raw}/hh-rlhf", "-w", "{w}"]
    for step in (["init", "{w}"], first, *(_COMMANDS[other] for other in before)):
        done = commands.run(*words(step))
        assert done.status == 0, done.errors
    shutil.copytree(workspace, base)
    n_before, before_it = _used(disk), content(workspace)
    calm = commands.run(*words(_COMMANDS[name]))
    assert calm.status == 0, calm.errors
    after, n_needed = content(workspace), _used(disk) - n_before
    n_failed = 0
    for share in shares:
        shutil.rmtree(workspace)
        shutil.copytree(base, workspace)
        n_pages = (_used(disk) + int(share * n_needed)) // _PAGE
        small_disk(f"size={max(n_pages, 1) * _PAGE}")
        tight = commands.run(*words(_COMMANDS[name]))
        where = f"{name} with {share:.2f} of its room: {tight.output}{tight.errors}"
        assert tight.status in (0, 4), where
        assert "Traceback" not in tight.errors, where
        n_failed += tight.status == 4
        # Looked at before there is room again: reading needs none.
        assert what_is_half(workspace, is_tidy=True) == (), where
        now = content(workspace)
        if tight.status:
            assert "error[setup]" in tight.errors, where
            assert now["snapshot"] in (before_it["snapshot"], after["snapshot"]), where
        small_disk(_LARGE)
        again = commands.run(*words(_COMMANDS[name]))
        assert again.status == 0, where + again.errors
        assert what_is_half(workspace, is_tidy=True) == (), where
        assert content(workspace) == after, where
    return n_failed


def test_a_disk_that_is_full_is_told_and_the_command_goes_on_when_there_is_room(
    small_disk: Callable[[str], Path], commands: Commands, tiny_world: Path
) -> None:
    shares = [0.3]
    assert _fill("ingest", [], shares, small_disk, commands, tiny_world) == len(shares)


@pytest.mark.fault
@pytest.mark.parametrize("name", list(_COMMANDS))
def test_wherever_a_disk_becomes_full_the_command_goes_on_when_there_is_room(
    name: str, small_disk: Callable[[str], Path], commands: Commands, tiny_world: Path
) -> None:
    before = [] if name in ("ingest", "run clean", "embed", "sql") else ["run clean"]
    shares = [i / _POINTS for i in range(_POINTS)]
    n_failed = _fill(name, before, shares, small_disk, commands, tiny_world)
    print(f"{name}: {_POINTS} sizes, {n_failed} full")  # noqa: T201 - shown by pytest -s


@pytest.mark.fault
def test_a_workspace_that_may_only_be_read_can_be_read_and_says_so_to_writers(
    small_disk: Callable[[str], Path], commands: Commands, tiny_world: Path, tmp_path: Path
) -> None:
    workspace = small_disk(_LARGE) / "w"
    here: _Words = ["-w", workspace]
    hh: _Words = ["ingest", "hh-rlhf", "--from", tiny_world / "hh-rlhf", *here]
    first: list[_Words] = [["init", workspace], hh, ["run", "clean", *here]]
    for words in first:
        assert commands.run(*words).status == 0
    before = content(workspace)
    (pair_id,) = Catalog.open(workspace).sql("SELECT min(pair_id) FROM pairs").fetchall()[0]
    small_disk("ro")
    reads: list[_Words] = [
        ["sql", "SELECT count(*) FROM responses"],
        ["tables"],
        ["why", pair_id],
        ["snapshot", "list"],
        ["verify", "--deep"],
        ["plan", "clean"],
        ["export", tmp_path / "elsewhere", "--as", "trl"],
    ]
    for words in reads:
        done = commands.run(*words, *here)
        assert done.status == 0, f"{words}: {done.errors}"
    writes: list[_Words] = [
        ["ingest", "ultrafeedback", "--from", tiny_world / "ultrafeedback"],
        ["run", "deduplicate"],
        ["run", "clean"],
        ["embed", "--model", "lexical"],
        ["export", workspace / "exports" / "mine", "--as", "trl"],
        ["snapshot", "tag", "v1"],
        ["snapshot", "rollback", "#0"],
    ]
    for words in writes:
        done = commands.run(*words, *here)
        assert done.status == 4, f"{words}: {done.status} {done.output} {done.errors}"
        assert "error[setup]" in done.errors
        assert "Traceback" not in done.errors
    small_disk("rw")
    assert content(workspace) == before
    assert what_is_half(workspace, is_tidy=True) == ()
