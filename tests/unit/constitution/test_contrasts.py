"""Contrasts of groups in a world where it is known who rewards what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from prefdata.constitution.contrasts import ANY, CONTRAST, REST, measure_contrasts
from prefdata.schema import polars_schema, table_schema
from prefdata.testing.principle_world import PrincipleWorld, principle_world

if TYPE_CHECKING:
    from prefdata.constitution.ballots import Ballots

__all__: list[str] = []

_FIGURES = ["strength", "reference_strength", "difference", "low", "high", "p", "q", "reweighted"]


@pytest.fixture(scope="module")
def world() -> PrincipleWorld:
    return principle_world(1, n_null=10, n_weak=4, n_annotators=60)


def _countries(world: PrincipleWorld, *, third: int = 0) -> pl.DataFrame:
    """Return the country of each label; ``third`` people of the first are of country c."""
    who = world.annotators.with_columns(
        country=pl.when(pl.int_range(pl.len()) < third).then(pl.lit("c")).otherwise("country")
    )
    labels = world.ballots.labels.select("annotator_id")
    return labels.join(who, on="annotator_id", how="left", maintain_order="left").select("country")


def _measured(ballots: Ballots, groups: pl.DataFrame) -> pl.DataFrame:
    return measure_contrasts(ballots, groups, n_bootstraps=200)


def test_the_columns_are_those_of_the_table() -> None:
    columns = polars_schema(table_schema("principle_contrasts"))
    assert {**CONTRAST, "source": pl.String(), "stage": pl.String()} == columns


def test_principles_that_two_countries_reward_the_other_way_round_are_found() -> None:
    n_found = n_false = n_covered = n_contrasts = 0
    for seed in range(4):
        world = principle_world(seed, n_null=20)
        rows = _measured(world.ballots, _countries(world)).filter(pl.col("reference") == "b")
        assert rows["group_value"].unique().to_list() == ["a"]
        is_found = (rows["q"] < 0.1).fill_null(value=False).to_numpy()
        is_true = np.isin(np.arange(len(is_found)), world.opposed)
        n_found += (is_found & is_true).sum()
        n_false += (is_found & ~is_true).sum()
        gap = world.country_effects[0] - world.country_effects[1]
        n_covered += ((rows["low"].to_numpy() <= gap) & (gap <= rows["high"].to_numpy())).sum()
        n_contrasts += rows.height
    assert n_found == 4 * 3
    assert n_false <= 3
    assert 0.9 < n_covered / n_contrasts <= 1


def test_of_three_groups_each_is_held_against_the_rest_and_all_are_tested_at_once(
    world: PrincipleWorld,
) -> None:
    rows = _measured(world.ballots, _countries(world, third=15))
    told = rows.select("group_value", "reference").unique().sort("group_value", "reference").rows()
    assert told == [("a", REST), (ANY, ANY), ("b", REST), ("c", REST)]
    tests = rows.filter(pl.col("reference") == ANY)
    best = tests.with_row_index("at").sort("p").head(3)["at"].to_list()
    assert sorted(best) == list(world.opposed)
    assert tests["difference"].null_count() == tests.height
    assert tests["statistic"].null_count() == 0
    assert rows.filter(pl.col("reference") == REST)["statistic"].null_count() == 3 * tests.height


def test_nothing_of_a_hidden_group_is_in_any_figure(world: PrincipleWorld) -> None:
    groups = _countries(world, third=7)
    # Country c is hidden for its size, and b, the next smallest, with it.
    rows = _measured(world.ballots, groups)
    assert set(rows["status"]) == {"suppressed"}
    assert set(rows["group_value"]) == {"b", "c"}
    assert rows.select(_FIGURES).null_count().row(0) == (rows.height,) * len(_FIGURES)
    assert rows["n_labels"].min() > 0  # type: ignore[operator]
    # With two small groups that are ten together, what is told of the others knows neither.
    is_d = world.ballots.labels["annotator_id"].is_in(world.annotators["annotator_id"][7:13])
    four = groups.select(pl.when(is_d).then(pl.lit("d")).otherwise("country").alias("country"))
    rows = _measured(world.ballots, four)
    assert set(rows.filter(status="suppressed")["group_value"]) == {"c", "d"}
    is_shown = four["country"].is_in(["a", "b"])
    alone = _measured(world.ballots.of_labels(is_shown), four.filter(is_shown))
    assert rows.filter(pl.col("status") != "suppressed").equals(alone)


def test_the_order_of_labels_does_not_matter(world: PrincipleWorld) -> None:
    groups = _countries(world, third=15)
    order = np.random.default_rng(0).permutation(groups.height)
    shuffled = replace(world.ballots, labels=world.ballots.labels[order])
    assert _measured(shuffled, groups[order]).equals(_measured(world.ballots, groups))


def test_all_labels_the_other_way_round_give_the_opposite(world: PrincipleWorld) -> None:
    groups = _countries(world)
    turned = replace(world.ballots, labels=world.ballots.labels.with_columns(y=-pl.col("y")))
    one, other = (_measured(ballots, groups) for ballots in (world.ballots, turned))
    assert (-other["difference"]).to_list() == pytest.approx(one["difference"].to_list())
    assert other["p"].to_list() == pytest.approx(one["p"].to_list())


def _with_a_model(world: PrincipleWorld, n: int) -> tuple[Ballots, pl.DataFrame]:
    """Add a model that follows the first principle alone, on the first comparisons."""
    said = world.ballots.signed[:n, 0].astype(np.float64)
    model = pl.DataFrame({"at": np.arange(n), "y": said}).select(
        at=pl.col("at").cast(pl.UInt32),
        annotator_id=pl.lit("model:m"),
        kind=pl.lit("model"),
        y="y",
        judgment_id=pl.lit(None, pl.String),
        step=pl.lit("judge"),
    )
    labels = pl.concat([world.ballots.labels, model])
    return replace(world.ballots, labels=labels), labels.select("kind")


def test_people_are_held_against_models_on_the_same_comparisons(world: PrincipleWorld) -> None:
    ballots, groups = _with_a_model(world, 600)
    rows = _measured(ballots, groups)
    assert rows.select("group_value", "reference").unique().rows() == [("human", "model")]
    labels = ballots.labels.filter(pl.col("y") != 0)
    both = labels.group_by("at").agg(pl.col("kind").n_unique()).filter(pl.col("kind") == 2)["at"]
    shared = labels.filter(pl.col("at").is_in(both.implode()))
    people = shared.filter(kind="human")
    assert rows["n_labels"].unique().to_list() == [people.height]
    assert rows["n_reference"].unique().to_list() == [shared.height - people.height]
    first = rows.row(0, named=True)
    assert first["reference_strength"] == 1
    assert first["difference"] < -0.5
    assert first["q"] < 0.01
    votes = ballots.signed[people["at"].to_numpy(), 0]
    assert first["strength"] == pytest.approx((people["y"].to_numpy() * votes).mean())
    # One label of each kind for each comparison: the mix is the same already.
    assert first["reweighted"] == pytest.approx(first["difference"])


def test_kinds_without_a_comparison_in_common_are_not_measurable(world: PrincipleWorld) -> None:
    kinds = pl.when(pl.col("at") < 500).then(pl.lit("human")).otherwise(pl.lit("rule"))
    groups = world.ballots.labels.select(kind=kinds)
    rows = _measured(world.ballots, groups)
    assert set(rows["status"]) == {"not-measurable"}
    assert rows["n_labels"].sum() == 0
    assert rows["p"].null_count() == rows.height


def test_prompts_make_groups_too_and_few_decisive_votes_are_not_tested(
    world: PrincipleWorld,
) -> None:
    # A tenth of the comparisons; people in it need not be ten.
    is_few = pl.col("at") % 100 == 0
    groups = world.ballots.labels.select(
        topic=pl.when(is_few).then(pl.lit("x")).otherwise(pl.lit("y"))
    )
    rows = _measured(world.ballots, groups).filter(pl.col("reference") == "y")
    assert set(rows["status"]) == {"not-measurable"}
    assert rows["difference"].null_count() == 0
    assert rows.select("low", "high", "p", "q", "reweighted").null_count().row(0) == (22,) * 5


def test_one_group_no_groups_and_no_labels_have_no_contrasts(world: PrincipleWorld) -> None:
    one = pl.DataFrame({"country": ["a"] * world.ballots.labels.height})
    assert _measured(world.ballots, one).is_empty()
    assert _measured(world.ballots, one.select()).schema == dict(CONTRAST)
    empty = world.ballots.of_labels(pl.Series([False] * one.height))
    assert _measured(empty, one.clear()).is_empty()
    assert _measured(empty, one.clear().rename({"country": "kind"})).is_empty()
    unknown = one.with_columns(country=pl.lit(None, pl.String))
    assert _measured(world.ballots, unknown).is_empty()


def test_no_principles_have_no_contrasts(world: PrincipleWorld) -> None:
    none = replace(
        world.ballots,
        principles=world.ballots.principles.clear(),
        votes=world.ballots.votes[:, :0],
    )
    assert _measured(none, _countries(world)).schema == dict(CONTRAST)
    assert _measured(none, _countries(world)).is_empty()


def test_a_side_of_one_prompt_is_not_measurable(world: PrincipleWorld) -> None:
    one = world.ballots.comparisons["opening"][0]
    is_first = pl.col("at") < 200
    openings = pl.when(pl.int_range(pl.len()) < 200).then(pl.lit(one)).otherwise("opening")
    ballots = replace(
        world.ballots, comparisons=world.ballots.comparisons.with_columns(opening=openings)
    )
    topics = world.ballots.labels.select(
        topic=pl.when(is_first).then(pl.lit("x")).otherwise(pl.lit("y"))
    )
    rows = _measured(ballots, topics).filter(pl.col("reference") == "y")
    assert set(rows["status"]) == {"not-measurable"}
    assert rows["difference"].null_count() == 0
