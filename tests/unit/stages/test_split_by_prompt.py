from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.protocols import Context, StageResult
from prefdata.schema import check, conform, polars_schema, table_schema
from prefdata.stages.split_by_prompt import SplitByPrompt, split_by_prompt

__all__: list[str] = []


def _split(build: Any, seed: int = 0, **params: Any) -> pl.DataFrame:
    result = split_by_prompt.run(build.lazy(), SplitByPrompt(**params), Context(seed=seed))
    splits = result.tables["splits"]
    assert result.rows_in == result.rows_out == splits.height
    return splits


def _many(build: Any, n: int) -> None:
    for number in range(n):
        build.prompt(f"p{number}", f"Question {number}?", split="test" if number % 2 else None)


def test_the_shares_are_kept(build: Any) -> None:
    _many(build, 4000)
    counts = dict(_split(build)["split"].value_counts().iter_rows())
    # Four standard deviations of a binomial count.
    assert counts["train"] == pytest.approx(3600, abs=4 * 19)
    assert counts["validation"] == pytest.approx(200, abs=4 * 14)
    assert counts["test"] == pytest.approx(200, abs=4 * 14)


def test_the_split_is_where_the_spot_falls(build: Any) -> None:
    _many(build, 200)
    splits = _split(build, shares={"a": 0.5, "none": 0.0, "b": 0.5})
    assert set(splits.filter(pl.col("spot") < 0.5)["split"]) == {"a"}
    assert set(splits.filter(pl.col("spot") >= 0.5)["split"]) == {"b"}


def test_another_seed_is_another_placement(build: Any) -> None:
    _many(build, 200)
    halves = {"a": 0.5, "b": 0.5}
    assert _split(build, shares=halves).equals(_split(build, shares=halves))
    assert not _split(build, shares=halves).equals(_split(build, seed=1, shares=halves))


def test_the_split_of_the_source_can_be_kept(build: Any) -> None:
    _many(build, 10)
    splits = _split(build, shares={"a": 1.0}, respect_source=True)
    assert splits["split"].to_list() == ["a", "test"] * 5


def test_rows_keep_the_contract(build: Any) -> None:
    _many(build, 3)
    contract = table_schema("splits")
    rows = _split(build).with_columns(source=pl.lit("toy"), stage=pl.lit("s"))
    assert check(conform(rows, contract), contract).rejects.is_empty()


@pytest.mark.parametrize(
    "shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": float("nan"), "b": 1.0}]
)
def test_shares_that_leave_prompts_over_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="shares"):
        SplitByPrompt(shares=shares)


def _neighbors(*members: tuple[str, str], step: str = "dedup", **more: object) -> pl.LazyFrame:
    """Return rows of ``neighbors`` that put prompts into clusters."""
    contract = table_schema("neighbors")
    rows = [
        {
            "id": member,
            "source": "toy",
            "subject": "prompts",
            "neighbor_id": "another",
            "neighbor_source": "toy",
            "method": "near",
            "similarity": 0.9,
            "measure": "jaccard",
            "cluster_id": cluster,
            "cluster_size": 2,
            "representative_id": "another",
            "stage": step,
            **more,
        }
        for member, cluster in members
    ]
    return conform(pl.DataFrame(rows, schema=polars_schema(contract)), contract).lazy()


def _clustered(build: Any, neighbors: pl.LazyFrame, **params: Any) -> StageResult:
    tables = build.lazy() | {"neighbors": neighbors}
    given = {"clusters_from": "dedup", "shares": {"a": 0.5, "b": 0.5}} | params
    return split_by_prompt.run(tables, SplitByPrompt(**given), Context())


def _spots(splits: pl.DataFrame) -> dict[str, float]:
    return dict(splits.select("prompt_id", "spot").iter_rows())


_CLUSTER = "f" * 32


def test_a_cluster_has_one_spot_and_the_others_stay_where_they_are(build: Any) -> None:
    _many(build, 50)
    alone = _spots(_split(build))
    result = _clustered(build, _neighbors(("p1", _CLUSTER), ("p7", _CLUSTER)))
    spots = _spots(result.tables["splits"])
    assert spots["p1"] == spots["p7"]
    assert {name for name in spots if spots[name] != alone[name]} == {"p1", "p7"}
    assert result.notes == ()


def test_the_smallest_of_several_clusters_counts(build: Any) -> None:
    _many(build, 2)
    one = _clustered(build, _neighbors(("p0", "a" * 32), ("p1", "a" * 32)))
    both = _clustered(build, _neighbors(("p0", "a" * 32), ("p0", _CLUSTER), ("p1", "a" * 32)))
    assert one.tables["splits"].equals(both.tables["splits"])


def test_equal_words_follow_the_one_that_was_clustered(build: Any) -> None:
    build.prompt("p0", "Same?")
    build.prompt("p1", "Same?")
    build.prompt("p2", "Some?")
    result = _clustered(build, _neighbors(("p0", _CLUSTER), ("p2", _CLUSTER)))
    assert len(set(_spots(result.tables["splits"]).values())) == 1


@pytest.mark.parametrize("other", [{"step": "other"}, {"subject": "pairs"}])
def test_only_prompts_of_the_named_step_count_and_a_step_without_any_is_told(
    build: Any, other: dict[str, Any]
) -> None:
    _many(build, 20)
    result = _clustered(build, _neighbors(("p1", _CLUSTER), ("p2", _CLUSTER), **other))
    assert _spots(result.tables["splits"]) == _spots(_split(build))
    (note,) = result.notes
    assert "'dedup' put no prompt of this source into a cluster" in note


def test_nothing_is_told_of_a_source_without_prompts(build: Any) -> None:
    assert _clustered(build, _neighbors()).notes == ()


def test_the_clusters_that_the_source_parts_are_counted(build: Any) -> None:
    _many(build, 6)
    clusters = _neighbors(
        ("p0", "a" * 32), ("p2", "a" * 32), ("p3", "b" * 32), ("p5", "b" * 32), ("p1", "0" * 32),
        ("p4", "0" * 32),
    )  # fmt: skip
    result = _clustered(build, clusters, respect_source=True, shares={"a": 1.0})
    (note,) = result.notes
    assert note.startswith("1 of 3 clusters, with 2 prompts, are in several splits")
    assert _clustered(build, clusters, shares={"a": 1.0}).notes == ()


def test_clusters_are_read_only_where_they_are_asked_for() -> None:
    declared = split_by_prompt.reads
    assert SplitByPrompt().reads(declared) == ("prompts",)
    assert SplitByPrompt(clusters_from="dedup").reads(declared) == ("prompts", "neighbors")
