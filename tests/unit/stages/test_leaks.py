from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from prefdata.core.errors import RecipeError
from prefdata.protocols import Context, StageResult
from prefdata.schema import check, conform, polars_schema, table_schema
from prefdata.stages.leaks import Leaks, leaks

__all__: list[str] = []


class _World:
    """Prompts with a split each, and the rows of a `dedup` step."""

    def __init__(self, build: Any) -> None:
        self.build = build
        self.neighbors: list[dict[str, Any]] = []

    def prompt(self, name: str, split: str | None, text: str | None = None, **more: Any) -> None:
        self.build.prompt(name, text or f"Question {name}?", **more)
        if split is not None:
            self.build.add("splits", prompt_id=name, split=split, spot=0.5, stage="split-by-prompt")

    def alike(self, a: str, b: str, similarity: float, cluster: str = "c", **more: Any) -> None:
        row = {
            "source": "toy", "subject": "prompts", "neighbor_source": "toy", "method": "near",
            "similarity": similarity, "measure": "jaccard", "cluster_size": 2,
            "representative_id": a, "stage": "dedup", "cluster_id": cluster,
        }  # fmt: skip
        self.neighbors += [row | {"id": a, "neighbor_id": b} | more]
        self.neighbors += [row | {"id": b, "neighbor_id": a} | more]

    def run(self, **params: Any) -> StageResult:
        contract = table_schema("neighbors")
        frame = pl.DataFrame(self.neighbors, schema=polars_schema(contract))
        tables = self.build.lazy() | {"neighbors": conform(frame, contract).lazy()}
        result = leaks.run(tables, Leaks(**params), Context())
        assert result.rows_in == result.rows_out == tables["prompts"].collect().height
        return result

    def flagged(self, **params: Any) -> dict[str, tuple[float | None, str]]:
        flags = self.run(**params).tables["flags"]
        return {row["id"]: (row["value"], row["reason"]) for row in flags.to_dicts()}


@pytest.fixture
def world(build: Any) -> _World:
    return _World(build)


def test_a_prompt_like_one_in_a_protected_split_is_flagged_and_that_one_is_not(
    world: _World,
) -> None:
    world.prompt("a", "train")
    world.prompt("b", "test")
    world.prompt("c", "train")
    world.alike("a", "b", 0.876543)
    assert world.flagged() == {
        "a": (
            0.876543,
            "in split train, and alike a prompt in test: b of toy in test (jaccard 0.877)",
        )
    }


def test_equal_words_leak_without_a_cluster(world: _World) -> None:
    world.prompt("a", "train", "Same?")
    world.prompt("b", "test", "Same?", source="other")
    reason = "in split train, and alike a prompt in test: b of other in test (equal words)"
    assert world.flagged() == {"a": (1.0, reason)}
    assert world.flagged(neighbors_from=None) == {"a": (1.0, reason)}


def test_clusters_count_only_where_they_are_asked_for(world: _World) -> None:
    world.prompt("a", "train")
    world.prompt("b", "test")
    world.alike("a", "b", 0.9, stage="other")
    assert not world.flagged()
    assert not world.flagged(neighbors_from=None)
    assert list(world.flagged(neighbors_from="other")) == ["a"]


def test_clusters_of_other_tables_do_not_count(world: _World) -> None:
    world.prompt("a", "train")
    world.prompt("b", "test")
    world.alike("a", "b", 0.9, subject="responses")
    assert not world.flagged()


def test_the_most_alike_in_a_split_to_protect_is_named_not_the_most_alike(world: _World) -> None:
    for name, split in {"a": "train", "b": "train", "c": "test", "d": "validation"}.items():
        world.prompt(name, split)
    world.alike("a", "b", 0.99)
    world.alike("a", "c", 0.8, method="exact")
    world.alike("d", "a", 0.85, method="semantic", measure="cosine")
    found = world.flagged()
    assert found["a"] == (
        0.85,
        (
            "in split train, and alike a prompt in test, validation: d of toy in validation "
            "(cosine 0.85)"
        ),
    )
    assert found["b"] == (
        None,
        (
            "in split train, and alike a prompt in test, validation: c of toy in test "
            "(joined by others of its cluster)"
        ),
    )
    assert found["d"][1].startswith("in split validation, and alike a prompt in test: c of toy")
    assert "c" not in found


def test_the_order_of_protection_decides_which_of_two_protected_rows_is_flagged(
    world: _World,
) -> None:
    world.prompt("a", "validation")
    world.prompt("b", "test")
    world.alike("a", "b", 0.9)
    assert list(world.flagged()) == ["a"]
    assert list(world.flagged(protect=["validation", "test"])) == ["b"]


def test_splits_that_nobody_protects_are_counted_and_not_flagged(world: _World) -> None:
    world.prompt("a", "train")
    world.prompt("b", "extra")
    world.prompt("c", "test")
    world.alike("a", "b", 0.9)
    result = world.run()
    assert result.tables["flags"].is_empty()
    told = "1 of 1 prompts in {} are alike one in {}; neither split is protected, so without a flag"
    assert result.notes == (told.format("train", "extra"), told.format("extra", "train"))


def test_the_notes_count_prompts_for_each_two_splits(world: _World) -> None:
    for number in range(4):
        world.prompt(f"a{number}", "train", "Same?")
    world.prompt("b", "test", "Same?")
    world.prompt("c", "validation", "Same?")
    world.alike("b", "c", 0.9)
    assert world.run().notes == (
        "4 of 4 prompts in train are alike one in test",
        "1 of 1 prompts in validation are alike one in test",
        "4 of 4 prompts in train are alike one in validation",
    )


def test_chains_join_equal_words_and_clusters(world: _World) -> None:
    world.prompt("a", "train", "Same?")
    world.prompt("b", "train", "Same?")
    world.prompt("c", "train")
    world.prompt("d", "test")
    world.alike("b", "c", 0.9, cluster="x")
    world.alike("c", "d", 0.7, cluster="y", method="semantic", measure="cosine")
    found = world.flagged()
    assert {name: value for name, (value, _) in found.items()} == {"a": None, "b": None, "c": 0.7}


def test_the_splits_of_the_source_can_be_checked(world: _World) -> None:
    world.build.prompt("a", "Same?", split="train")
    world.build.prompt("b", "Same?", split="test")
    world.build.prompt("c", "Same?")
    world.alike("a", "b", 1.0)
    result = world.run(splits_from="source")
    assert result.tables["flags"]["id"].to_list() == ["a"]
    assert result.notes[0] == "1 of 3 prompts are in no split"


def test_what_makes_the_result_empty_is_told(world: _World) -> None:
    world.prompt("a", "dev")
    notes = world.run().notes
    assert notes[0] == "no prompt is in a protected split (test, validation); splits are: dev"
    assert notes[1].startswith("the step 'dedup' put no prompt into a cluster")


def test_a_step_that_split_nothing_is_an_error(world: _World) -> None:
    world.build.prompt("a", "Same?")
    with pytest.raises(RecipeError, match="No step named 'split-by-prompt' has split"):
        world.run()


def test_an_empty_catalog_has_no_leaks(world: _World) -> None:
    result = world.run()
    assert result.tables["flags"].is_empty()
    assert result.notes == ()


def test_the_order_of_rows_does_not_count(world: _World) -> None:
    for number in range(12):
        world.prompt(f"p{number}", ("train", "test", "validation")[number % 3], f"Q{number % 5}")
    world.alike("p1", "p3", 0.9, cluster="x")
    world.alike("p3", "p8", 0.9, cluster="x", method="semantic", measure="cosine")
    first = world.run().tables["flags"]
    for rows in (*world.build.rows.values(), world.neighbors):
        rows.reverse()
    assert world.run().tables["flags"].equals(first)


def test_rows_keep_the_contract(world: _World) -> None:
    world.prompt("a", "train", "Same?")
    world.prompt("b", "test", "Same?")
    contract = table_schema("flags")
    rows = world.run().tables["flags"].with_columns(stage=pl.lit("s"))
    assert check(conform(rows, contract), contract).rejects.is_empty()


def test_only_the_tables_that_are_needed_are_read() -> None:
    assert Leaks().reads(leaks.reads) == ("prompts", "splits", "neighbors")
    assert Leaks(splits_from="source").reads(leaks.reads) == ("prompts", "neighbors")
    assert Leaks(neighbors_from=None).reads(leaks.reads) == ("prompts", "splits")
