"""What leaves us of tasks."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.core.errors import DataError
from prefdata.handoffs._shown import by_votes, hand_off_name, tasks_of, transcript, write_items
from prefdata.testing.handoffs import example_tasks

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def test_tasks_keep_their_order_which_says_what_gains_most() -> None:
    tasks = example_tasks().reverse()
    assert [task.comparison_id for task in tasks_of(tasks)] == tasks["comparison_id"].to_list()


def test_what_annotators_must_not_see_is_left_behind() -> None:
    said = repr([dataclasses.asdict(task) for task in tasks_of(example_tasks())])
    assert "secret" not in said


def test_a_comparison_that_comes_twice_is_refused() -> None:
    tasks = example_tasks()
    with pytest.raises(DataError, match="more than once: 1") as caught:
        tasks_of(pl.concat([tasks, tasks.head(1)]))
    assert caught.value.fix


def test_each_number_of_judgments_is_a_group() -> None:
    groups = by_votes(tasks_of(example_tasks()))
    assert list(groups) == [1, 3]
    assert {task.n_votes for task in groups[3]} == {3}


def test_a_prompt_without_messages_is_shown_as_empty() -> None:
    tasks = example_tasks().with_columns(prompt=pl.lit(None, example_tasks().schema["prompt"]))
    assert {transcript(task) for task in tasks_of(tasks)} == {"(empty)"}


def test_roles_are_named_in_conversations() -> None:
    task = tasks_of(example_tasks())[1]
    assert transcript(task).startswith("[system]\nBe brief.\n\n[user]\n")


def test_a_project_is_named_by_plan_batch_and_judgments() -> None:
    tasks = [dataclasses.replace(tasks_of(example_tasks())[0], plan_id="a/b c", n_votes=3)]
    assert hand_off_name(tasks) == "a-b-c-b2-votes-3"


def test_items_are_ascii_one_a_line(tmp_path: Path) -> None:
    path = write_items(tmp_path / "deep" / "x.json", [{"t": "é\n"}, {"t": "👋"}])
    assert path.read_bytes().isascii()
    assert len(path.read_bytes().splitlines()) == 4
