"""The contract of hand-offs finds each broken promise."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.protocols import TASKS
from prefdata.registry import plugin
from prefdata.testing.annotators import answer_as, known_as, seen_in
from prefdata.testing.handoffs import assert_handoff_contract, example_tasks, scripted_votes

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.protocols import Handoff

__all__: list[str] = []

_SOUND: Handoff = plugin("handoff", "label-studio")


def _check(handoff: Handoff, folder: Path) -> None:
    name = "label-studio"
    assert_handoff_contract(
        handoff,
        folder,
        answer=partial(answer_as, name),
        seen=partial(seen_in, name),
        known_as=partial(known_as, name),
    )


def test_the_tasks_are_tasks_and_the_script_has_all_that_happens() -> None:
    tasks = example_tasks()
    assert tasks.schema == pl.Schema(TASKS)
    assert set(tasks["is_swapped"]) == {True, False}
    votes = scripted_votes(tasks)
    assert {vote.status for vote in votes} == {"submitted", "draft", "skipped"}
    assert {vote.choice for vote in votes} == {2, 1, 0, -1, -2}
    assert {vote.edit for vote in votes} == {0, 1}
    assert len(set(votes)) < len(votes)
    assert {vote.comparison_id for vote in votes} > set(tasks["comparison_id"])


def _leaking(tasks: pl.DataFrame, folder: Path, params: Any) -> list[Path]:
    path = folder / "more.txt"
    path.write_text(tasks["arm"][0] if tasks.height else "")
    return [*_SOUND.write(tasks, folder, params), path] if tasks.height else _none(path)


def _none(path: Path) -> list[Path]:
    path.unlink()
    return []


def _forgetful(paths: Any, params: Any) -> pl.DataFrame:
    return _SOUND.read(paths, params).head(10)


def _mirrored(paths: Any, params: Any) -> pl.DataFrame:
    return _SOUND.read(paths, params).with_columns(choice=-pl.col("choice"))


def _counting_drafts(paths: Any, params: Any) -> pl.DataFrame:
    filled = pl.col("choice").fill_null(0).cast(pl.Int8)
    return _SOUND.read(paths, params).with_columns(choice=filled)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (replace(_SOUND, write=_leaking), "holds arm"),
        (replace(_SOUND, is_answered=lambda _: False), "claimed by nobody"),
        (replace(_SOUND, is_answered=lambda _: True), "is claimed by"),
        (replace(_SOUND, read=_forgetful), "does not say which file|missing"),
        (replace(_SOUND, read=_mirrored), "came back of"),
        (replace(_SOUND, read=_counting_drafts), "choice is null, or set"),
    ],
)
def test_a_broken_promise_is_found(broken: Handoff, why: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=why):
        _check(broken, tmp_path)
