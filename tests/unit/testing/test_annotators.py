"""Scripted people leave what real tools would export."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from prefdata.registry import plugin
from prefdata.testing.annotators import SHAPES, ScriptedVote, answer_as, known_as, seen_in
from prefdata.testing.handoffs import example_tasks

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_C = "0" * 32


def _hand_off(tool: str, folder: Path) -> Path:
    handoff = plugin("handoff", tool)
    handoff.write(example_tasks(), folder, handoff.params())
    return folder


@pytest.mark.parametrize("tool", SHAPES)
def test_all_that_was_handed_off_is_seen(tool: str, tmp_path: Path) -> None:
    seen = seen_in(tool, _hand_off(tool, tmp_path))
    assert set(seen) == set(example_tasks()["comparison_id"])
    assert seen[_C].first == "A short answer."


@pytest.mark.parametrize(
    ("tool", "shape"), [(tool, shape) for tool, shapes in SHAPES.items() for shape in shapes]
)
def test_every_shape_is_claimed_by_its_tool_alone(tool: str, shape: str, tmp_path: Path) -> None:
    out = _hand_off(tool, tmp_path)
    path = answer_as(
        tool, out, [ScriptedVote(_C, "ann", 2), ScriptedVote("f" * 32, "ann", 1)], shape=shape
    )
    assert [name for name in SHAPES if plugin("handoff", name).is_answered(path)] == [tool]
    assert path.parent == out


@pytest.mark.parametrize("tool", SHAPES)
def test_a_person_has_one_name_and_two_have_two(tool: str) -> None:
    assert known_as(tool, "ann") == known_as(tool, "ann")
    assert known_as(tool, "ann") != known_as(tool, "bob")


def test_only_the_last_edit_is_exported_and_the_same_vote_twice_is_there_twice(
    tmp_path: Path,
) -> None:
    out = _hand_off("label-studio", tmp_path)
    votes = [ScriptedVote(_C, "ann", 2), ScriptedVote(_C, "ann", -2, edit=1)]
    votes += [ScriptedVote(_C, "bob", 0)] * 2
    tasks = json.loads(answer_as("label-studio", out, votes).read_text())
    task = next(task for task in tasks if task["data"]["comparison_id"] == _C)
    words = [entry["result"][0]["value"]["choices"] for entry in task["annotations"]]
    assert words == [["b_much"], ["tie"], ["tie"]]
    assert len({entry["id"] for entry in task["annotations"]}) == 3


def test_a_shape_that_no_tool_exports_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not parquet"):
        answer_as("csv", tmp_path, [], shape="parquet")
