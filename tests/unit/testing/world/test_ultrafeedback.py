"""UltraFeedback: two vintages, two shapes, strings for ratings, one short row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.testing.world import World, WorldSpec, write_world
from prefdata.testing.world.counts import shrink
from prefdata.testing.world.ultrafeedback import MODELS, ROWS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = list[dict[str, Any]]

__all__: list[str] = []


def _all(world: World, rows_of: Callable[..., Rows]) -> dict[str, Rows]:
    source = world.sources["ultrafeedback"]
    return {name: rows_of(source.folder / name) for name in source.rows}


@pytest.fixture(scope="module")
def files(world: World, rows_of: Callable[..., Rows]) -> dict[str, Rows]:
    return _all(world, rows_of)


def test_rows_are_a_share_of_the_published_ones(world: World, files: dict[str, Rows]) -> None:
    assert {name: len(rows) for name, rows in files.items()} == shrink(ROWS, world.spec.scale)
    assert sum(ROWS.values()) == 63_967


def test_exactly_one_row_has_fewer_than_two_completions(files: dict[str, Rows]) -> None:
    sizes = [len(row["completions"]) for rows in files.values() for row in rows]
    assert min(sizes) == 1
    assert set(sorted(sizes)[1:]) == {4}


def test_ratings_are_strings_and_may_be_missing(files: dict[str, Rows]) -> None:
    ratings = set()
    for rows in files.values():
        for row in rows:
            assert [c["model"] for c in row["completions"]] == row["models"]
            assert set(row["models"]) <= set(MODELS)
            for completion in row["completions"]:
                notes = completion["annotations"]
                found = [note["Rating"] for note in notes.values()]
                ratings.update(found)
                numbers = [int(rating) for rating in found if rating != "N/A"]
                mean = sum(numbers) / len(numbers) if numbers else None
                assert completion["fine-grained_score"] == mean
                assert set(notes["helpfulness"]) == {
                    "Rating", "Rationale", "Rationale For Rating", "Type",
                }  # fmt: skip
                assert set(notes["honesty"]) == {"Rating", "Rationale"}
    assert ratings == {"1", "2", "3", "4", "5", "N/A"}


def test_answers_are_given_for_truthful_qa_only(files: dict[str, Rows]) -> None:
    for name, rows in files.items():
        for row in rows:
            assert (row["correct_answers"] == ["None"]) == (name != "truthful_qa.jsonl")
            assert row["source"] == name.removesuffix(".jsonl")


def test_contaminated_rows_repeat_the_benchmark(world: World, files: dict[str, Rows]) -> None:
    near = world.truth.table("near_duplicates").filter(pl.col("of_file") == "truthful_qa.jsonl")
    near = near.filter(pl.col("file") != "truthful_qa.jsonl")
    assert not near.is_empty()
    for place in near.iter_rows(named=True):
        same = files["truthful_qa.jsonl"][place["of_row"]]["instruction"]
        assert files[place["file"]][place["row"]]["instruction"] == same


def test_quirks_can_be_seen(world: World, files: dict[str, Rows]) -> None:
    quirks = world.truth.table("quirks").filter(pl.col("source") == "ultrafeedback")
    for place in quirks.iter_rows(named=True):
        row = files[place["file"]][place["row"]]
        texts = [c["response"] for c in row["completions"]]
        match place["quirk"]:
            case "empty_response":
                assert "" in texts
            case "template_debris":
                assert any(t.endswith(("</s>", "<|im_end|>")) for t in texts)
            case "identical_responses":
                assert len(set(texts)) < len(texts)
            case "one_shown_as_ten":
                assert 1.0 in [c["overall_score"] for c in row["completions"]]


def test_vintages_and_shapes_differ_in_nothing_else(
    tmp_path: Path, rows_of: Callable[..., Rows]
) -> None:
    base = WorldSpec(scale=0.01, sources=("ultrafeedback",))
    old = WorldSpec(
        scale=0.01,
        sources=("ultrafeedback",),
        ultrafeedback_vintage="pre-fix",
        ultrafeedback_annotations="array",
    )
    new_files = _all(write_world(tmp_path / "new", base), rows_of)
    old_files = _all(write_world(tmp_path / "old", old), rows_of)
    tens = 0
    for name, new_rows in new_files.items():
        for new, was in zip(new_rows, old_files[name], strict=True):
            assert new["instruction"] == was["instruction"]
            for one, two in zip(new["completions"], was["completions"], strict=True):
                assert "fine-grained_score" not in two
                assert two["annotations"] == {k: [v] for k, v in one["annotations"].items()}
                tens += two["overall_score"] == 10
                if one["overall_score"] in {1.0, 10.0}:
                    assert two["overall_score"] == 10
                elif two["overall_score"] != 10:
                    assert one["overall_score"] == two["overall_score"]
    assert tens == round(2_628 * 0.01)
