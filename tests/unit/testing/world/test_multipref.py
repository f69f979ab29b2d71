"""MultiPref: nested annotations, five steps, two kinds of workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from prefdata.testing.world.multipref import FILE, PREFERENCES, SCHEMA

if TYPE_CHECKING:
    from prefdata.testing.world import World

__all__: list[str] = []


@pytest.fixture(scope="module")
def rows(world: World) -> list[dict[str, Any]]:
    path = world.sources["multipref"].folder / FILE
    table = pq.read_table(path)
    assert table.schema.equals(SCHEMA)
    assert pl.read_parquet(path).height == table.num_rows == 209
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def test_each_comparison_has_two_normal_and_two_expert_annotations(
    rows: list[dict[str, Any]],
) -> None:
    for row in rows:
        kinds = [row[f"{kind}_worker_annotations"] for kind in ("normal", "expert")]
        for notes in kinds:
            assert len({note["evaluator"] for note in notes}) == 2
            assert all(len(note) == 17 and list(note) == sorted(note) for note in notes)


def test_normal_and_expert_workers_are_different_people(rows: list[dict[str, Any]]) -> None:
    normal, expert = (
        {note["evaluator"] for row in rows for note in row[f"{kind}_worker_annotations"]}
        for kind in ("normal", "expert")
    )
    assert not normal & expert


def test_all_five_answers_and_an_empty_category_occur(rows: list[dict[str, Any]]) -> None:
    answers = {
        note[f"{aspect}_pref"]
        for row in rows
        for note in row["normal_worker_annotations"]
        for aspect in ("helpful", "truthful", "harmless", "overall")
    }
    assert answers == set(PREFERENCES)
    assert "" in {row["category"] for row in rows}


def test_ids_are_hexadecimal_and_prompts_repeat(rows: list[dict[str, Any]]) -> None:
    assert len({row["comparison_id"] for row in rows}) == len(rows)
    assert all(len(row["prompt_id"]) == 32 and int(row["prompt_id"], 16) >= 0 for row in rows)
    by_id = {row["prompt_id"]: row["text"] for row in rows}
    assert all(by_id[row["prompt_id"]] == row["text"] for row in rows)
    # An exact copy is another prompt of the same words.
    assert len({row["text"] for row in rows}) < len(by_id) < len(rows)


def test_experts_agree_more_on_safety(world: World, rows: list[dict[str, Any]]) -> None:
    truth = world.truth.table("responses").filter(pl.col("source") == "multipref")
    safety = truth.pivot(on="position", index="row", values="safety").sort("row")
    difference = (safety["1"] - safety["0"]).to_list()
    steps = {name: index - 2 for index, name in enumerate(PREFERENCES)}
    for row, gap in zip(rows, difference, strict=True):
        if abs(gap) == 1:
            notes = row["expert_worker_annotations"]
            row["agrees"] = [steps[note["harmless_pref"]] * gap > 0 for note in notes]
    agree = [value for row in rows for value in row.get("agrees", ())]
    assert sum(agree) / len(agree) > 0.8
