"""What an annotation tool is given and gives back."""

from __future__ import annotations

import polars as pl

from prefdata.protocols import ANSWERS, TASKS
from prefdata.registry import names, plugin
from prefdata.tables.messages import MESSAGES

__all__: list[str] = []

_SECRETS = {"arm", "source", "prompt_id", "response_a_id", "response_b_id"}


def test_tasks_hold_texts_as_messages() -> None:
    frame = pl.DataFrame(schema=TASKS)
    assert frame.schema["prompt"] == MESSAGES
    assert set(frame.columns) > _SECRETS


def test_an_answer_has_one_of_four_statuses() -> None:
    status = pl.DataFrame(schema=ANSWERS).schema["status"]
    assert isinstance(status, pl.Enum)
    assert status.categories.to_list() == ["submitted", "draft", "skipped", "unreadable"]


def test_every_tool_says_what_it_is() -> None:
    assert names("handoff")
    for name in names("handoff"):
        found = plugin("handoff", name)
        assert (found.name, found.version >= 1) == (name, True)
        assert found.summary
