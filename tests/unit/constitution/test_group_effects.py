"""Effects and constitutions of groups."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from prefdata.constitution.ballots import Ballots
from prefdata.constitution.effects import measure_effects
from prefdata.constitution.group_effects import group_constitutions, measure_groups
from prefdata.constitution.reconstruction import RECONSTRUCTION
from prefdata.constitution.verdict import CONSTITUTION, Decided, Verdict
from prefdata.metrics.multiplicity import adjusted
from prefdata.schema import polars_schema, table_schema
from prefdata.testing.principle_world import PrincipleWorld, principle_world

__all__: list[str] = []


@pytest.fixture(scope="module")
def world() -> PrincipleWorld:
    return principle_world(2, n_comparisons=1000, n_weak=2, n_null=6)


def _countries(world: PrincipleWorld, *, third: int = 0) -> pl.DataFrame:
    """Return the country of each label; ``third`` people of the first are of country c."""
    who = world.annotators.with_columns(
        country=pl.when(pl.int_range(pl.len()) < third).then(pl.lit("c")).otherwise("country")
    )
    labels = world.ballots.labels.select("annotator_id")
    return labels.join(who, on="annotator_id", how="left", maintain_order="left").select("country")


def _measured(ballots: Ballots, groups: pl.DataFrame, *, min_decisive: int = 30) -> pl.DataFrame:
    return measure_groups(
        ballots,
        groups,
        n_bootstraps=100,
        n_flips=200,
        with_log_odds=False,
        min_decisive=min_decisive,
    )


def test_each_group_is_measured_as_its_labels_alone(world: PrincipleWorld) -> None:
    groups = _countries(world)
    rows = _measured(world.ballots, groups)
    others = {"source", "part", "stage", "alike_id", "alike_cosine"}
    columns = polars_schema(table_schema("principle_effects")).items()
    assert dict(rows.schema) == {name: dtype for name, dtype in columns if name not in others}
    alone = measure_effects(
        world.ballots.of_labels(groups["country"] == "b"),
        n_bootstraps=100,
        n_flips=200,
        with_log_odds=False,
    )
    of_b = rows.filter(group_value="b").select(alone.columns)
    assert of_b.drop("q", "shrunk").equals(alone.drop("q", "shrunk"))
    assert rows["q"].to_list() == pytest.approx(adjusted(rows["p"].to_list()).tolist())


def test_shrunken_strengths_keep_what_differs_and_lose_what_does_not(
    world: PrincipleWorld,
) -> None:
    rows = _measured(world.ballots, _countries(world, third=12))
    whole = measure_effects(world.ballots, n_bootstraps=10, n_flips=10, with_log_odds=False)
    common = np.tile(whole["strength"].to_numpy(), 3)
    far = np.abs(rows["strength"].to_numpy() - common)
    near = np.abs(rows["shrunk"].to_numpy() - common)
    assert (near <= far + 1e-12).all()
    kept = (near / far).reshape(3, -1)
    opposed = list(world.opposed)
    assert kept[:, opposed].min() > 0.8
    assert np.delete(kept, opposed, axis=1).mean() < 0.5


def test_of_a_hidden_group_only_the_number_of_labels_is_told(world: PrincipleWorld) -> None:
    # Country c has five people, so it is hidden, and b, the next smallest, with it.
    groups = _countries(world, third=5)
    rows = _measured(world.ballots, groups)
    hidden = rows.filter(status="suppressed")
    assert set(hidden["group_value"]) == {"b", "c"}
    figures = hidden.drop("principle_id", "group_by", "group_value", "status", "n_labels")
    assert figures.null_count().row(0) == (hidden.height,) * figures.width
    is_c = (groups["country"] == "c") & (world.ballots.labels["y"] != 0)
    assert hidden.filter(group_value="c")["n_labels"].unique().to_list() == [is_c.sum()]
    assert rows.filter(group_value="a")["shrunk"].null_count() == 16


def test_a_group_with_few_decisive_votes_is_not_measurable(world: PrincipleWorld) -> None:
    rows = _measured(world.ballots, _countries(world), min_decisive=500)
    assert "not-measurable" in set(rows["status"])
    few = rows.filter(status="not-measurable")
    assert few.select("p", "q", "shrunk").null_count().row(0) == (few.height,) * 3


def test_kinds_are_measured_side_by_side_whoever_names_an_annotator(world: PrincipleWorld) -> None:
    is_model = pl.col("at") % 2 == 0
    labels = world.ballots.labels.with_columns(
        kind=pl.when(is_model).then(pl.lit("model")).otherwise(pl.lit("human")),
        annotator_id=pl.when(~is_model).then("annotator_id"),
    )
    ballots = Ballots(
        world.ballots.principles, world.ballots.comparisons, world.ballots.votes, labels
    )
    rows = measure_groups(
        ballots,
        labels.select("kind"),
        cluster="annotator",
        n_bootstraps=50,
        n_flips=50,
        with_log_odds=False,
    )
    assert rows.filter(group_value="model")["n_annotators"].null_count() == 16
    assert rows.filter(group_value="human")["n_annotators"].unique().to_list() == [40]
    assert rows["shrunk"].null_count() == rows.height


def test_each_group_that_is_shown_has_a_constitution_or_a_verdict(world: PrincipleWorld) -> None:
    seen = []

    def decide(ballots: Ballots) -> Decided:
        seen.append(ballots.labels.height)
        is_large = ballots.labels.height > 400
        row = {"rank": 1, "principle_id": "p", "sentence": "s", "is_opposite": False}
        return Decided(
            constitution=pl.DataFrame([row] if is_large else [], schema=CONSTITUTION),
            reconstructions=pl.DataFrame([{"predictor": "constitution"}], schema=RECONSTRUCTION),
            verdict="holds" if is_large else "nothing-holds",
            why="",
            parts=pl.Series("part", ["report"] * ballots.labels.height),
        )

    groups = _countries(world)
    chosen, measured = group_constitutions(world.ballots, groups, decide=decide)
    assert seen == groups["country"].value_counts().sort("country")["count"].to_list()
    assert chosen.select("group_by", "group_value", "rank").rows() == [("country", "a", 1)]
    assert measured["group_value"].to_list() == ["a", "b"]
    hidden = group_constitutions(world.ballots, groups, decide=decide, min_annotators=100)
    assert [frame.height for frame in hidden] == [0, 0]
    assert list(hidden[0].schema) == ["group_by", "group_value", *CONSTITUTION]


def test_no_way_to_make_groups_gives_no_rows(world: PrincipleWorld) -> None:
    assert _measured(world.ballots, pl.DataFrame()).is_empty()
    unknown = _countries(world).with_columns(country=pl.lit(None, pl.String))
    assert _measured(world.ballots, unknown).is_empty()


def _looked_at(p: float, n_others: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Look for constitutions in one group that holds with p, and others in which nothing does."""
    world = principle_world(5, n_comparisons=400, n_strong=2, n_weak=0, n_null=2)
    names = pl.Series("topic", [str(n) for n in range(n_others + 1)])
    places = np.arange(world.ballots.labels.height) % (n_others + 1)
    groups = names.gather(places).to_frame()

    def decided(of: Ballots) -> Decided:
        is_first = of.labels["judgment_id"][0] == world.ballots.labels["judgment_id"][0]
        rows = {"predictor": "constitution", "n_principles": 1 if is_first else 0, "p": p}
        verdict: Verdict = "holds" if is_first else "nothing-holds"
        row = pl.DataFrame([rows | {"verdict": verdict, "why": "So."}], schema_overrides=_TYPES)
        missing = [pl.lit(None, _TYPES[n]).alias(n) for n in _TYPES if n not in row.columns]
        held = pl.DataFrame({"rank": [1]}, schema={"rank": pl.Int32}).head(int(is_first))
        other = [pl.lit(None, t).alias(n) for n, t in CONSTITUTION.items() if n != "rank"]
        return Decided(
            held.with_columns(other).select(*CONSTITUTION),
            row.with_columns(missing).select(*_TYPES),
            verdict,
            "So.",
            pl.Series("part", ["report"] * of.labels.height),
        )

    return group_constitutions(world.ballots, groups, decide=decided)


_TYPES = RECONSTRUCTION


def test_what_holds_in_one_of_many_groups_may_be_chance() -> None:
    alone, verdicts = _looked_at(0.03, n_others=0)
    assert alone.height == 1
    assert verdicts["verdict"].to_list() == ["holds"]
    among, verdicts = _looked_at(0.03, n_others=3)
    assert among.is_empty()
    assert set(verdicts["verdict"]) == {"nothing-holds"}
    told = verdicts.filter(group_value="0")["why"][0]
    assert (
        told == "So. For one of 4 groups that is no more than chance: p adjusted for all is 0.12."
    )
    sure, _ = _looked_at(0.001, n_others=3)
    assert sure.height == 1
