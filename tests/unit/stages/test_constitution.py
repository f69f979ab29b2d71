"""The stage: what was planted is found, noise has no constitution, few people are not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.protocols import Context
from prefdata.schema import check, table_schema
from prefdata.stages.constitution import Constitution, constitution
from prefdata.testing.principle_tables import PAIRS, VOTES, principle_tables
from prefdata.testing.principle_world import principle_world

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.protocols import StageResult

__all__: list[str] = []

_FAST = {"n_bootstraps": 200, "n_flips": 400, "evidence": 2}
Frames = dict[str, pl.LazyFrame]


@pytest.fixture(scope="module")
def planted() -> Frames:
    world = principle_world(1, n_comparisons=1500, n_annotators=40, n_null=12)
    return principle_tables(world)


def _run(tables: Mapping[str, pl.LazyFrame], **params: object) -> StageResult:
    asked = Constitution.model_validate(_FAST | params)
    return constitution.run(tables, asked, Context(source="s", step="constitution"))


@pytest.fixture(scope="module")
def found(planted: Frames) -> StageResult:
    return _run(planted, group_by=["country"])


def test_rows_keep_the_contracts_of_their_tables(found: StageResult) -> None:
    for name, frame in found.tables.items():
        assert frame.height
        assert check(frame, table_schema(name)).rejects.is_empty()
    assert found.rows_in == found.rows_out


def test_the_planted_principles_hold_and_the_opposed_ones_differ(found: StageResult) -> None:
    verdicts = found.tables["reconstructions"].filter(predictor="constitution")
    assert set(verdicts["verdict"]) == {"holds"}
    assert set(verdicts["group_value"]) == {"all", "a", "b"}
    q = found.tables["principle_contrasts"].filter(pl.col("reference") != "all")["q"]
    assert (q < 0.1).sum() >= 3
    effects = found.tables["principle_effects"].filter(group_by="all")
    assert effects.group_by("part").len().height == 2
    assert "a constitution holds" in found.notes[0]


def test_shuffled_labels_have_no_constitution() -> None:
    world = principle_world(2, n_comparisons=1500, n_null=12, is_shuffled=True)
    got = _run(principle_tables(world))
    assert got.tables["constitutions"].is_empty()
    verdicts = got.tables["reconstructions"]["verdict"].drop_nulls()
    assert verdicts.to_list() == ["nothing-holds"]
    assert got.notes[0].startswith("nothing holds")


def test_groups_of_few_people_are_silent() -> None:
    world = principle_world(3, n_comparisons=600, n_annotators=18, n_null=4)
    got = _run(principle_tables(world), group_by=["country"])
    cells = got.tables["principle_effects"].filter(group_by="country")
    assert set(cells["status"]) == {"suppressed"}
    assert cells["strength"].null_count() == cells.height
    assert got.tables["constitutions"].filter(group_by="country").is_empty()


def test_rows_in_another_order_give_the_same_bytes(planted: Frames, found: StageResult) -> None:
    turned = {name: frame.reverse() for name, frame in planted.items()}
    again = _run(turned, group_by=["country"])
    for name, frame in found.tables.items():
        keys = table_schema(name).primary_key
        assert frame.sort(keys).equals(again.tables[name].sort(keys)), name


def test_nothing_to_measure_is_told(planted: Frames) -> None:
    none = _run(planted, votes=["a model that was not asked"])
    assert none.notes == (
        "WARNING: nothing is measured: no principles of a model that was not asked",
    )
    other = _run(planted, aspect="harmlessness")
    assert other.notes == (
        f"WARNING: nothing is measured: no labels of {PAIRS} for the aspect harmlessness",
    )
    assert all(frame.is_empty() for frame in none.tables.values())


def test_ties_and_what_is_left_out_are_told(planted: Frames) -> None:
    fewer = planted | {"votes": planted["votes"].head(1000)}
    told = " ".join(_run(fewer, votes=VOTES, evidence=0).notes)
    assert "labels are ties" in told
    assert "500 comparisons are left out" in told


def test_a_floor_below_ten_people_is_refused() -> None:
    with pytest.raises(ValidationError, match="min_annotators"):
        Constitution(min_annotators=9)
    with pytest.raises(ValidationError, match="twice"):
        Constitution(group_by=("country", "country"))
