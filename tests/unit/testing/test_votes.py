"""Made-up votes hold the contracts, and have the structure that they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.catalog import Catalog
from prefdata.routing.votes import read_votes
from prefdata.schema import check, table_schema
from prefdata.testing.votes import STEPS, VoteWorld, put_votes, vote_tables

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_WORLD = VoteWorld(n_evaluation=80, n_seed=90, n_pool=130, n_imported=11, n_without_ai=3)


def test_the_rows_hold_the_contracts() -> None:
    for table, rows in vote_tables(_WORLD).items():
        assert check(rows, table_schema(table)).rejects.is_empty(), table


def test_comparisons_have_the_votes_that_were_ordered() -> None:
    frames = vote_tables(_WORLD)
    read = read_votes({name: rows.lazy() for name, rows in frames.items()}, STEPS)
    assert read.comparisons.height == _WORLD.n
    features = set(frames["comparison_features"]["comparison_id"])
    assert set(read.comparisons["comparison_id"]) == features
    assert read.of(is_ai=True).height == _WORLD.n - 3
    human = read.of(is_ai=False)
    counts = dict(human.filter(step=STEPS[0]).group_by("comparison_id").len().iter_rows())
    assert sum(n >= 3 for n in counts.values()) == 80
    assert sum(n == 1 for n in counts.values()) == 90
    assert human.filter(step=STEPS[2]).height == 11
    assert read.votes["kind"].null_count() == 0


def test_the_ai_errs_where_the_prompt_is_of_moderate_safety() -> None:
    frames = vote_tables(VoteWorld(n_evaluation=400, n_seed=0, n_pool=0))
    read = read_votes({name: rows.lazy() for name, rows in frames.items()}, STEPS)
    side = (pl.col("label") > 0.5).cast(pl.Float64)
    people = read.of(is_ai=False).group_by("comparison_id").agg(people=side.mean().round())
    both = (
        read.of(is_ai=True)
        .join(people, on="comparison_id")
        .join(frames["comparison_features"], on="comparison_id")
        .group_by(pl.col("safety_concern").list.first())
        .agg(agree=(side == pl.col("people")).mean())
    )
    agree = dict(both.iter_rows())
    assert agree["moderate"] < 0.7
    assert agree["safe"] > 0.8


def test_votes_are_committed_with_their_steps(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "w")
    frames = put_votes(catalog, _WORLD)
    for table, rows in frames.items():
        assert catalog.scan(table).collect().height == rows.height, table
    steps = set(catalog.scan("run_steps").collect()["step"])
    assert {f"{step}/all" for step in (*STEPS, "judge", "route-features")} <= steps
