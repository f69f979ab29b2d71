"""kill -9 before any step or at any time: what was committed stays, and the same command finishes.

The points are drawn over all steps of the undisturbed command (`prefdata.testing.disturb`) and
over its time. A few run always; 200 over all commands by hand: ``pytest tests/faults -m fault``,
or as many as ``PREFDATA_KILLS`` says.
"""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.testing.disturb import content, kill_points, what_is_half

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.testing.disturb import Commands

_KILLS = int(os.environ.get("PREFDATA_KILLS", "200"))
_SEED = int(os.environ.get("PREFDATA_KILL_SEED", "0"))

_STATES = {
    "empty": ["init", "{w}"],
    "one": ["ingest", "hh-rlhf", "--from", "{raw}/hh-rlhf", "-w", "{w}"],
    "two": ["ingest", "ultrafeedback", "--from", "{raw}/ultrafeedback", "-w", "{w}"],
    "clean": ["run", "clean", "-w", "{w}"],
}
"""Name to the command that leads there from the state before."""
_COMMANDS: dict[str, tuple[str, list[str]]] = {
    "first ingest": ("empty", _STATES["one"]),
    "ingest": ("one", _STATES["two"]),
    "ingest again": ("clean", [*_STATES["one"], "--force"]),
    "run clean": ("two", _STATES["clean"]),
    "run deduplicate": ("clean", ["run", "deduplicate", "-w", "{w}"]),
    "export": ("clean", ["export", "{w}/exports/mine", "--as", "openrlhf", "-w", "{w}"]),
    "export again": ("clean", ["export", "{w}/exports/clean-trl", "--as", "h4", "-w", "{w}"]),
    "embed": ("two", ["embed", "--model", "lexical", "-w", "{w}"]),
    "snapshot tag": ("clean", ["snapshot", "tag", "v1", "-w", "{w}"]),
    "snapshot rollback": ("clean", ["snapshot", "rollback", "#1", "-w", "{w}"]),
}
"""Name to the state that a command starts from, and its words."""


class _Ladder:
    """States of a workspace, at hand; always at one place, for Iceberg's paths are absolute."""

    def __init__(self, folder: Path, commands: Commands, raw: Path) -> None:
        self._raw = raw
        self.workspace = folder / "w"
        self._commands = commands
        self._folder = folder
        self._have: list[str] = []

    def words(self, words: list[str]) -> list[str]:
        places = {"w": self.workspace, "raw": self._raw}
        return [word.format(**places) for word in words]

    def restore(self, state: str) -> None:
        """Put the workspace into a state, made with those before it if need be."""
        for name, words in _STATES.items():
            if name not in self._have:
                if self._have:
                    self._put(self._have[-1])
                done = self._commands.run(*self.words(words))
                assert done.status == 0, done.errors
                shutil.copytree(self.workspace, self._folder / name)
                self._have.append(name)
            if name == state:
                break
        self._put(state)

    def _put(self, state: str) -> None:
        shutil.rmtree(self.workspace, ignore_errors=True)
        shutil.copytree(self._folder / state, self.workspace)


def _is_one_of(now: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Tell whether an export is that of before, that of after, or not there at all."""
    return all(
        {k: v for k, v in now.items() if k.startswith(f"{name}/")}
        in [{k: v for k, v in x.items() if k.startswith(f"{name}/")} for x in (before, after)]
        for name in {path.partition("/")[0] for path in now}
    )


def _kill(ladder: _Ladder, commands: Commands, name: str, n: int) -> dict[str, int]:
    """Kill a command at ``n`` points, each time from its state; return what was counted."""
    state, words = _COMMANDS[name]
    words = ladder.words(words)
    ladder.restore(state)
    before = content(ladder.workspace)
    calm = commands.run(*words)
    assert calm.status == 0, calm.errors
    after = content(ladder.workspace)
    counts = {"points": 0, "killed": 0, "changed nothing": 0, "committed": 0, "in between": 0}
    for point in kill_points(random.Random(f"{name} {_SEED}"), n, calm):  # noqa: S311 - moments of a test
        ladder.restore(state)
        storm = commands.run(*words, **point)
        assert storm.is_killed or storm.status == 0, f"{name} {point}: {storm.errors}"
        counts["points"] += 1
        counts["killed"] += storm.is_killed
        assert what_is_half(ladder.workspace) == (), f"{name} {point}"
        now = content(ladder.workspace)
        assert now["snapshot"] in (before["snapshot"], after["snapshot"]), f"{name} {point}"
        assert _is_one_of(now["exports"], before["exports"], after["exports"]), f"{name} {point}"
        if now["tables"] == before["tables"]:
            counts["changed nothing"] += 1
        elif now["tables"] == after["tables"]:
            counts["committed"] += 1
        else:
            # Vectors are committed shard by shard; each commit is a whole one.
            assert name == "embed", f"{name} {point}"
            counts["in between"] += 1
        again = commands.run(*words)
        assert again.status == 0, f"{name} {point}: {again.errors}"
        assert what_is_half(ladder.workspace) == (), f"{name} {point}"
        assert content(ladder.workspace) == after, f"{name} {point}"
    return counts


@pytest.fixture(scope="module")
def ladder(
    commands: Commands, tiny_world: Path, tmp_path_factory: pytest.TempPathFactory
) -> _Ladder:
    return _Ladder(tmp_path_factory.mktemp("ladder"), commands, tiny_world)


def test_a_command_that_is_killed_at_some_points_finishes_when_run_again(
    ladder: _Ladder, commands: Commands
) -> None:
    counts = _kill(ladder, commands, "first ingest", 2)
    assert counts["killed"] >= 1


@pytest.mark.fault
@pytest.mark.parametrize("name", list(_COMMANDS))
def test_a_command_that_is_killed_at_many_points_finishes_when_run_again(
    name: str, ladder: _Ladder, commands: Commands
) -> None:
    counts = _kill(ladder, commands, name, max(_KILLS // len(_COMMANDS), 2))
    print(f"{name}: {counts}")  # noqa: T201 - shown by pytest -s
