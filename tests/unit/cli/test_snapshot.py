"""History: snapshots are named, compared and brought back; none is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import prefdata as pf

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run

__all__: list[str] = []


@pytest.fixture
def place(raw: Path, tmp_path: Path) -> Path:
    """Make a workspace that no other test changes: empty at #0, with data at #1."""
    pf.init(tmp_path)
    pf.ingest("hh-rlhf", raw, workspace=tmp_path)
    return tmp_path


def _list(run: Run, place: Path) -> list[dict[str, Any]]:
    told = run("snapshot", "list", "--json", "-w", place)
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_snapshots_are_listed_oldest_first(run: Run, place: Path) -> None:
    found = _list(run, place)
    assert [row["number"] for row in found] == ["#0", "#1"]
    assert [row["what"] for row in found] == ["init", "ingest hh-rlhf"]


def test_commits_that_change_no_snapshot_are_shown_when_asked(run: Run, place: Path) -> None:
    pf.embed(model="lexical", of=["prompts"], workspace=place)
    told = run("snapshot", "list", "--json", "-w", place)
    shown = [json.loads(line)["number"] for line in told.stdout.splitlines()]
    assert shown == ["#0", "#1", "#3"]  # The run rejects empty texts, which is a change.
    assert "1 commit(s) that changed no snapshot" in told.stderr
    whole = run("snapshot", "list", "--all", "--json", "-w", place)
    assert (len(whole.stdout.splitlines()), whole.stderr) == (4, "")


def test_a_snapshot_is_shown_by_number_name_and_tag(run: Run, place: Path) -> None:
    name = _list(run, place)[1]["snapshot"]
    assert run("snapshot", "tag", "first", "#1", "-w", place).stdout == f"first = {name} (#1)\n"
    shown = {run("snapshot", "show", ref, "-w", place) for ref in ("#1", name, "first")}
    assert len(shown) == 1
    (told,) = shown
    assert "judgments" in told.stdout
    assert "first" in told.stdout


def test_a_tag_is_of_the_newest_by_default_and_can_be_taken_off(run: Run, place: Path) -> None:
    assert run("snapshot", "tag", "now", "-w", place).stdout.endswith("(#1)\n")
    assert _list(run, place)[1]["tags"] == "now"
    assert run("snapshot", "untag", "now", "-w", place) == ("", "", 0)
    assert _list(run, place)[1]["tags"] == ""
    assert run("snapshot", "untag", "now", "-w", place).status == 2


def test_a_difference_is_told_by_table_and_no_difference_too(run: Run, place: Path) -> None:
    told = run("snapshot", "diff", "#0", "#1", "--json", "-w", place)
    added = {row["table"]: row["added"] for row in map(json.loads, told.stdout.splitlines())}
    assert added["judgments"] == 21
    assert run("snapshot", "diff", "#1", "#1", "-w", place) == ("", "no difference\n", 0)


def test_a_rollback_only_adds_to_the_history(run: Run, place: Path) -> None:
    told = run("snapshot", "rollback", "#0", "-w", place)
    assert told.status == 0
    assert "(#2): rollback to #0" in told.stdout
    assert [row["number"] for row in _list(run, place)] == ["#0", "#1", "#2"]
    assert pf.open(place).sql("SELECT count(*) FROM judgments").fetchall() == [(0,)]
