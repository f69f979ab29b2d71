"""The stage asks first for what it needs, then for what pays, and says so when nothing does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.catalog import Catalog
from prefdata.core.errors import InternalError, RecipeError, UnknownNameError, UserError
from prefdata.protocols import Context, VectorSet
from prefdata.recipes import Recipe
from prefdata.runner import run
from prefdata.runner.handoff import hand_off
from prefdata.schema import check, polars_schema, table_schema
from prefdata.stages._route.routers import RouterChoice, preferred
from prefdata.stages.route import RouteParams, route
from prefdata.tables.identity import hash_texts
from prefdata.testing.votes import STEPS, VoteWorld, put_votes, vote_tables

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.protocols import EmbedderParams, StageResult

__all__: list[str] = []

_WORLD = VoteWorld(n_evaluation=150, n_seed=60, n_pool=200, n_without_ai=2, share_moderate=0.35)
_PARAMS: dict[str, Any] = {
    "votes": STEPS,
    "imported": STEPS[2:],
    "judgments": ("judge", "import-labels"),
    "embedder": "some/model",
    "router": "paired",
    "routers": (),
    "costs": {"human": 0.1, "expert": 1.0},
    "n_evaluation": 140,
    "n_seed": 40,
    "min_evaluation": 100,
    "min_seed": 30,
    "shares": (0.2, 0.35),
}


class _Vectors:
    """Numbers by the digest of the text: a stand-in for a model that knows nothing."""

    def get(
        self, texts: pl.DataFrame, *, subject: str, view: str, model: EmbedderParams, step: str
    ) -> VectorSet:
        del subject, view  # they name what a store keeps
        hashes = texts["content_hash"].unique().sort()
        columns = [hash_texts(f"{i}" + hashes).str.slice(0, 8) for i in range(4)]
        matrix = np.stack([column.str.to_integer(base=16).to_numpy() for column in columns], axis=1)
        return VectorSet(
            hashes,
            (matrix / 2**31 - 1).astype(np.float32),
            model.model,
            step,
            pl.DataFrame(schema={"content_hash": pl.String}),
            open=lambda: pytest.fail("nobody needs it"),
        )


_CONTEXT = Context(source="toy", step="route", vectors=_Vectors())


@pytest.fixture(scope="module")
def frames() -> dict[str, pl.DataFrame]:
    return vote_tables(_WORLD)


def _route(frames: dict[str, pl.DataFrame], **changed: Any) -> StageResult:
    params = RouteParams.model_validate(_PARAMS | changed)
    return route.run({name: rows.lazy() for name, rows in frames.items()}, params, _CONTEXT)


def _assert_whole(result: StageResult) -> None:
    assert result.rejects is not None
    assert result.rows_in == result.rows_out + result.rejects.height
    assert result.tables["routes"].height == result.rows_out
    for name, rows in result.tables.items():
        assert check(rows, table_schema(name)).rejects.is_empty(), name


def test_a_router_that_beats_chance_is_followed(frames: dict[str, pl.DataFrame]) -> None:
    result = _route(frames, budget=8.0)
    _assert_whole(result)
    assert result.rejects is not None
    assert result.rejects["rule"].to_list() == ["no-ai-label"] * 2
    assert result.notes[0].startswith("the router paired is used. At ")
    routes = result.tables["routes"]
    assert routes["plan_id"].n_unique() == 1
    pool = routes.filter(role="pool")
    assert set(pool["router"].drop_nulls()) == {"paired"}
    assert 0 < pool["cost"].sum() <= 8
    asked = pool.filter(arm="human")
    # People are worth asking where the AI is biased.
    moderate = "analyzer_scalar::feature_name=safety_concern|value=moderate"
    assert asked["why"].list.contains(moderate).mean() > 0.6  # type: ignore[operator]
    verdict = result.tables["route_verdicts"].row(0, named=True)
    assert (verdict["verdict"], verdict["is_chosen"]) == ("use", True)
    assert verdict["alpha"] is not None
    assert verdict["overhead"] == pytest.approx(0.1 * verdict["n_overhead_votes"])
    curves = result.tables["route_curves"]
    assert set(curves["router"]) == {"ai", "human", "random", "oracle", "paired"}
    chosen = curves.filter("is_chosen")
    assert set(chosen["router"]) == {"paired"}
    assert set(chosen["share"]) == {verdict["share"]}


def test_where_chance_is_not_beaten_people_are_asked_at_random_and_told_so() -> None:
    world = replace(_WORLD, share_moderate=0.0, share_complex=0.0)
    result = _route(vote_tables(world), value_of_accuracy=50.0)
    _assert_whole(result)
    assert result.notes[0].startswith("no router is used: people are asked at random. paired: ")
    routes = result.tables["routes"]
    assert set(routes["router"].drop_nulls()) == {"random"}
    assert set(routes.filter(role="pool")["arm"]) >= {"human"}
    assert not result.tables["route_verdicts"]["is_chosen"].any()
    assert set(result.tables["route_curves"].filter("is_chosen")["router"]) == {"random"}


def test_random_is_no_fallback_where_it_was_wanted(frames: dict[str, pl.DataFrame]) -> None:
    result = _route(frames, router="random", routers=("uncertainty",))
    assert result.notes[0] == "people are asked at random, as was wanted"
    assert result.tables["route_verdicts"]["router"].to_list() == ["uncertainty"]


def test_with_too_few_votes_people_are_asked_for_these_first(
    frames: dict[str, pl.DataFrame],
) -> None:
    wanted = {"n_evaluation": 170, "min_evaluation": 170}
    result = _route(frames, **wanted)
    _assert_whole(result)
    assert result.tables["route_curves"].is_empty()
    assert set(result.tables["route_verdicts"]["verdict"]) == {"too-few-labels"}
    asked = result.tables["routes"].filter(pl.col("n_votes") > 0)
    assert set(asked["batch"]) == {0}
    assert set(asked["role"]) == {"evaluation"}
    assert result.notes[0].startswith("no router can be judged yet: 150 of at least 170 ")
    assert "prefdata annotate export" in result.notes[1]
    poor = _route(frames, **wanted, budget=1.0)
    assert poor.tables["routes"]["cost"].sum() <= 1
    assert any("does not pay for all" in note for note in poor.notes)


def test_once_all_were_asked_there_is_nothing_to_hand_off() -> None:
    few = vote_tables(VoteWorld(n_evaluation=24, n_seed=4, n_pool=0))
    result = _route(few, n_evaluation=20, min_evaluation=20, n_seed=50, min_seed=50)
    assert result.tables["routes"]["n_votes"].sum() == 0
    assert any("lower `min_evaluation`" in note for note in result.notes)


def test_a_back_test_routes_what_people_have_judged(frames: dict[str, pl.DataFrame]) -> None:
    plain, back = (_route(frames, pool=pool) for pool in ("unlabelled", "all"))
    judged = back.tables["routes"].filter((pl.col("role") == "pool") & (pl.col("n_human") > 0))
    assert judged["gain"].null_count() == 0 < judged.height
    assert judged.filter(pl.col("n_votes") > 0).height > 0
    assert any(note.startswith("this is a back-test") for note in back.notes)
    done = plain.tables["routes"].filter((pl.col("role") == "pool") & (pl.col("n_human") > 0))
    assert done["n_votes"].sum() == 0
    assert done["gain"].null_count() == done.height > 0


def test_where_people_only_tie_the_budget_is_spent_at_random(
    frames: dict[str, pl.DataFrame],
) -> None:
    human = frames["pairs"].filter(stage=STEPS[0])
    turned = human.with_columns(
        pair_id="t" + pl.col("pair_id"), chosen_id="rejected_id", rejected_id="chosen_id"
    )
    tied = {**frames, "pairs": pl.concat([frames["pairs"], turned])}
    result = _route(tied, budget=3.0)
    _assert_whole(result)
    assert set(result.tables["route_verdicts"]["verdict"]) == {"too-few-labels"}
    assert result.tables["routes"]["cost"].sum() == pytest.approx(3.0, abs=0.1)
    assert _route(tied).tables["routes"]["cost"].sum() == 0


def test_imported_votes_are_paid_and_teach() -> None:
    frames = vote_tables(replace(_WORLD, n_imported=20))
    result = _route(frames, budget=5.0, costs={"human": 0.1, "ai": 0.01})
    _assert_whole(result)
    assert result.tables["routes"]["cost"].sum() <= 5.0 - 20 * 0.1 + 1e-9
    told = "\n".join(result.notes)
    assert "imported judgments have cost 2.00 USD of the budget" in told
    assert "teach the router" in told
    assert "the labels of the AI are there already and have cost about 4.08 USD" in told


def test_the_order_of_rows_does_not_matter(frames: dict[str, pl.DataFrame]) -> None:
    straight = _route(frames, budget=4.0).tables["routes"]
    backwards = _route({name: rows.reverse() for name, rows in frames.items()}, budget=4.0)
    assert backwards.tables["routes"].equals(straight)


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "w")
    put_votes(catalog, replace(_WORLD, n_imported=5))
    params = {"embedder": {"model": "lexical", "dimension": 8}, "quotas": ({"most": 9},)}
    step = {"stage": "route", "params": _PARAMS | params | {"budget": 25.0}}
    recipe = Recipe.model_validate({"name": "plan", "steps": [step]})
    done = run(catalog, recipe)
    assert run(catalog, recipe).steps[0].is_cached
    assert run(catalog, recipe, is_forced=True).snapshot.name == done.snapshot.name
    routes = catalog.scan("routes").collect()
    assert 0 < routes["n_votes"].sum() <= 9
    # Who hands the plan off need not say again what it may cost.
    assert hand_off(catalog, "csv", is_dry=True).budget == 25.0


def test_the_default_router_depends_on_the_vectors_and_on_nothing_measured() -> None:
    auto = RouterChoice(name="auto")
    assert preferred(auto, is_lexical=True).name == "paired"
    assert preferred(auto, is_lexical=False).name == "ensemble"
    named = RouterChoice(name="influence")
    assert preferred(named, is_lexical=True) == named
    compared = [choice.name for choice in RouteParams().compared()]
    assert compared[:2] == ["ensemble", "paired"]
    assert len(set(compared)) == len(compared)


def test_nothing_comes_of_nothing(frames: dict[str, pl.DataFrame]) -> None:
    empty = {t: pl.DataFrame(schema=polars_schema(table_schema(t))) for t in route.reads}
    result = _route(empty)
    assert (result.rows_in, result.rows_out) == (0, 0)
    assert all(rows.is_empty() for rows in result.tables.values())
    with pytest.raises(InternalError, match="no place for vectors"):
        route.run({}, RouteParams(router="random", routers=()), Context())  # type: ignore[arg-type]


def test_votes_of_two_protocols_are_refused(frames: dict[str, pl.DataFrame]) -> None:
    rule = pl.when(pl.col("stage") == STEPS[0]).then(pl.lit("ratings")).otherwise("rule")
    with pytest.raises(UserError, match="two protocols"):
        _route({**frames, "pairs": frames["pairs"].with_columns(rule=rule)})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"imported": ("elsewhere",)}, "not among the votes"),
        ({"arms": ("ai", "expert")}, "name `ai`, `human`"),
        ({"arms": ("ai", "human", "human")}, "each once"),
        ({"shares": (0.0, 0.5)}, "above 0"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(
    changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        RouteParams.model_validate(_PARAMS | changed)


def test_routers_are_checked_before_anything_runs() -> None:
    params = RouteParams.model_validate(_PARAMS | {"routers": ("random", "uncertainty", "paired")})
    assert [choice.name for choice in params.compared()] == ["paired", "uncertainty"]
    assert set(params.outside().steps) == {*STEPS, "judge", "import-labels", "route-features"}
    with pytest.raises(UnknownNameError, match="oracle-of-delphi"):
        RouteParams.model_validate(_PARAMS | {"router": "oracle-of-delphi"}).outside()
    wrong = {"name": "paired", "params": {"wisdom": 1}}
    with pytest.raises(RecipeError, match="paired") as raised:
        RouteParams.model_validate(_PARAMS | {"router": wrong}).outside()
    assert "wisdom" in str(raised.value)
