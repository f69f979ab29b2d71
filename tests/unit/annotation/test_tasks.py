"""Tasks show what is planned, in the order that is planned; their record is whole or not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.annotation.tasks import (
    QUESTIONS,
    is_tasks_file,
    make_tasks,
    read_tasks,
    tasks_name,
    write_tasks,
)
from prefdata.core.errors import DataError
from prefdata.protocols.handoffs import TASKS

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog

__all__: list[str] = []


def test_a_swapped_task_shows_b_first(tasks: pl.DataFrame, planned: Catalog) -> None:
    texts = dict(planned.scan("responses").select("response_id", "text").collect().iter_rows())
    assert tasks["is_swapped"].unique().len() == 2
    for row in tasks.iter_rows(named=True):
        shown = [texts[row["response_a_id"]], texts[row["response_b_id"]]]
        assert [row["first"], row["second"]] == (shown[::-1] if row["is_swapped"] else shown)


def test_what_gains_most_comes_first_whatever_the_order_of_rows(
    tasks: pl.DataFrame, routes: pl.DataFrame, planned: Catalog
) -> None:
    again = make_tasks(routes.reverse(), planned.scan("prompts"), planned.scan("responses"))
    assert again.equals(tasks)
    assert dict(tasks.schema) == dict(TASKS)
    ranks = tasks.join(routes, on="comparison_id", maintain_order="left")
    assert ranks.sort("batch", "rank")["comparison_id"].equals(tasks["comparison_id"])


def test_the_question_is_that_of_the_aspect(routes: pl.DataFrame, planned: Catalog) -> None:
    frames = (planned.scan("prompts"), planned.scan("responses"))
    for aspect, question in (("helpfulness", QUESTIONS["helpfulness"]), ("wit", "wit")):
        rows = make_tasks(routes.with_columns(aspect=pl.lit(aspect)), *frames)
        assert question in rows["question"][0]


def test_system_prompt_and_several_messages_are_shown(
    routes: pl.DataFrame, planned: Catalog
) -> None:
    said = [{"role": "user", "content": "and?"}, {"role": "assistant", "content": "so."}]
    prompts = planned.scan("prompts").with_columns(system=pl.lit("Be brief."))
    responses = planned.scan("responses").with_columns(messages=pl.lit(said))
    row = make_tasks(routes, prompts, responses).row(0, named=True)
    assert row["prompt"][0] == {"role": "system", "content": "Be brief."}
    assert row["first"] == "[user]\nand?\n\n[assistant]\nso."


def test_texts_that_are_gone_are_an_error(routes: pl.DataFrame, planned: Catalog) -> None:
    gone = planned.scan("responses").filter(pl.col("response_id") != routes["response_a_id"][0])
    with pytest.raises(DataError, match="no longer holds the texts of 1 of 8"):
        make_tasks(routes, planned.scan("prompts"), gone)


def test_a_record_comes_back_and_equal_tasks_are_equal_bytes(
    tasks: pl.DataFrame, tmp_path: Path
) -> None:
    first = tasks.filter(batch=0)
    path = write_tasks(first, tmp_path / "handoffs")
    assert path.name == tasks_name(first["plan_id"][0], 0)
    assert is_tasks_file(path.name)
    before = path.read_bytes()
    assert write_tasks(first, tmp_path / "handoffs").read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert read_tasks([path, path]).equals(first.sort("comparison_id"))
    assert read_tasks([]).is_empty()


def test_a_damaged_record_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / f"x{'.tasks.parquet'}"
    path.write_bytes(b"no parquet")
    with pytest.raises(DataError, match="no record of tasks") as caught:
        read_tasks([path])
    assert "annotate export" in str(caught.value.fix)
