"""The report of a plan: its numbers hold, the verdict comes first, and it says what it cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.protocols import Context
from prefdata.reports._routing import numbers as counted
from prefdata.reports._routing.page import points
from prefdata.reports._routing.params import Routing
from prefdata.reports._routing.read import read_plan
from prefdata.reports.routing import routing
from prefdata.testing.routes import compose_routes
from prefdata.testing.votes import VoteWorld, vote_tables

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.reports._routing.read import Planned

__all__: list[str] = []

Frames = dict[str, pl.LazyFrame]


def _tables(*, is_fallback: bool = False) -> Frames:
    votes = vote_tables(VoteWorld())
    made = votes | compose_routes(votes, is_fallback=is_fallback)
    steps = dict.fromkeys(("agreements", "annotator_quality"), "aggregate-votes")
    return {
        name: frame.with_columns(stage=pl.lit(steps.get(name, "route"))).lazy()
        for name, frame in made.items()
    }


@pytest.fixture(scope="module")
def tables() -> Frames:
    return _tables()


@pytest.fixture(scope="module")
def planned(tables: Frames) -> Planned:
    return read_plan(tables, Routing())


@pytest.fixture(scope="module")
def written(tables: Frames, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    files = routing.write(tables, Routing(k=2), Context(snapshot="abc"), out)
    assert sorted(files) == sorted(path for path in out.rglob("*") if path.is_file())
    return out


def test_every_comparison_is_counted_once(planned: Planned) -> None:
    arms = counted.by_arm(planned)
    assert arms["comparisons"].sum() == planned.routes.height == VoteWorld().n
    batches = counted.by_batch(planned)
    assert batches["votes"].sum() == planned.routes["n_votes"].sum() > 0
    assert batches["cost"].sum() == pytest.approx(planned.routes["cost"].sum())


def test_the_router_of_the_plan_comes_first(planned: Planned) -> None:
    routers = counted.at_the_budget(planned)
    assert routers["is_chosen"].to_list() == [True] + [False] * (routers.height - 1)
    assert set(routers["router"]) == set(planned.verdicts["router"])
    first = routers.row(0, named=True)
    assert first["label_low"] < first["label"] < first["label_high"]


def test_tags_are_those_of_the_queue(planned: Planned) -> None:
    asked = planned.routes.filter((pl.col("role") == "pool") & (pl.col("n_votes") > 0))
    for row in counted.tags(planned).iter_rows(named=True):
        holds = asked.filter(pl.col("why").list.contains(row["tag"]))
        assert holds.height == row["comparisons"]


def test_the_head_of_the_queue_is_by_rank(planned: Planned) -> None:
    first = counted.first_asked(planned, 4)
    assert first["rank"].to_list() == sorted(planned.routes["rank"].drop_nulls())[:4]


def test_the_page_begins_with_the_verdict(written: Path) -> None:
    page = (written / "index.html").read_text()
    assert "Use the router ensemble." in page
    assert page.index("Use the router") < page.index("What it costs to know")
    assert "safety concern: moderate" in page
    assert "analyzer_scalar" not in page


def test_a_plan_without_a_router_says_so(tmp_path: Path) -> None:
    routing.write(_tables(is_fallback=True), Routing(k=0), Context(), tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "people are asked at random" in page
    assert "Use the router" not in page


def test_the_files_hold_every_number(written: Path, planned: Planned) -> None:
    told = json.loads((written / "numbers.json").read_text())
    assert told["snapshot"] == "abc"
    assert len(told["routers"]) == planned.verdicts.height
    queue = pl.read_csv(written / "queue.csv")
    assert queue.height == planned.routes["batch"].count()
    assert queue["rank"].drop_nulls().is_sorted()
    assert pl.read_csv(written / "curves.csv").height == planned.curves.height


def test_annotators_may_be_left_out(tables: Frames, tmp_path: Path) -> None:
    params = Routing(votes_from=None)
    assert "agreements" not in params.reads(routing.reads)
    assert params.outside().steps == ("route",)
    read = {name: tables[name] for name in params.reads(routing.reads)}
    routing.write(read, params, Context(), tmp_path)
    assert "How far annotators agree" not in (tmp_path / "index.html").read_text()


def test_a_plan_before_any_vote_of_people_says_what_is_missing(
    tables: Frames, tmp_path: Path
) -> None:
    asked = tables["routes"].with_columns(role=pl.lit("evaluation"), router=pl.lit(None, pl.String))
    unknown = tables["agreements"].with_columns(value=pl.lit(None, pl.Float64))
    curves = tables["route_curves"].clear()
    early = {**tables, "routes": asked, "agreements": unknown, "route_curves": curves}
    routing.write(early, Routing(), Context(), tmp_path)
    assert "No router was fitted." in (tmp_path / "index.html").read_text()


def test_a_plan_that_asks_nobody_does_not_call_for_judgments(
    tables: Frames, tmp_path: Path
) -> None:
    idle = tables["routes"].with_columns(router=pl.lit(None, pl.String), n_votes=pl.lit(0))
    routing.write({**tables, "routes": idle}, Routing(k=0), Context(), tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "Nobody is asked." in page
    assert "has to be judged first" not in page


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((0.021, 0.007, 0.036), "+2.1 points (+0.7 to +3.6)"),
        ((-0.01, None, None), "−1.0 points"),
        ((None, None, None), "–"),
    ],
)
def test_differences_are_told_in_points(given: Any, told: str) -> None:
    assert points(*given) == told
