"""Frames of curves and areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from prefdata.routing.results import AREA, CURVE, Results
from prefdata.routing.scoring import Measure, Samples, Sums
from prefdata.routing.verdicts import Terms

if TYPE_CHECKING:
    import polars as pl

__all__: list[str] = []

# One router, two draws, and for labels the oracle, at three shares; two prompts.
ROUTER, DRAWS, ORACLE = [0.8, 0.9, 0.7], [[0.8, 0.7, 0.7], [0.8, 0.8, 0.7]], [0.8, 0.95, 0.7]
LOSS, LOSS_DRAWS = [0.5, 0.3, 0.4], [[0.5, 0.45, 0.4], [0.5, 0.45, 0.4]]


def results(n_samples: int = 40) -> Results:
    sums: dict[Measure, Sums] = {
        "label-accuracy": Sums(np.array([[ROUTER, *DRAWS, ORACLE]] * 2), np.ones(2), 6),
        "model-log-loss": Sums(np.array([[LOSS, *LOSS_DRAWS]] * 2), np.ones(2), 5),
    }
    shift = np.linspace(-0.1, 0.1, n_samples)[:, None, None]
    samples: dict[Measure, Samples] = {
        name: Samples(
            np.concatenate([table.means()[:1], table.means()[3:]]) + shift,
            table.means()[1:3].mean(axis=0) + np.zeros((n_samples, 3)),
        )
        for name, table in sums.items()
    }
    return Results(("mine",), np.array([0, 0.5, 1]), 10, Terms(vote_cost=3.0), sums, samples, 2)


def row(frame: pl.DataFrame, router: str, measure: str, share: float) -> dict[str, float]:
    found = frame.filter(router=router, measure=measure, share=share)
    assert found.height == 1
    return found.row(0, named=True)


def test_curves_have_the_columns_of_their_table_and_one_row_for_each_point() -> None:
    frame = results().curves()
    assert dict(frame.schema) == dict(CURVE)
    assert not frame.select("router", "measure", "share").is_duplicated().any()
    names = set(frame["router"])
    assert names == {"ai", "human", "random", "mine", "oracle"}
    assert frame.filter(router="ai")["share"].to_list() == [0, 0]
    assert frame.filter(router="human")["share"].to_list() == [1, 1]


def test_a_point_by_hand() -> None:
    point = row(results().curves(), "mine", "label-accuracy", 0.5)
    assert point["spend"] == 15
    assert point["value"] == pytest.approx(0.9)
    assert (point["low"], point["high"]) == pytest.approx((0.805, 0.995))
    assert point["difference"] == pytest.approx(0.15)
    assert (point["difference_low"], point["difference_high"]) == pytest.approx((0.055, 0.245))
    assert point["recovered"] == pytest.approx(0.15 / 0.2)
    assert point["n"] == 6


def test_less_loss_is_an_improvement_and_has_no_oracle() -> None:
    frame = results().curves()
    point = row(frame, "mine", "model-log-loss", 0.5)
    assert point["difference"] == pytest.approx(0.15)
    assert (point["difference_low"], point["difference_high"]) == pytest.approx((0.055, 0.245))
    assert point["recovered"] is None
    assert frame.filter(router="oracle", measure="model-log-loss").is_empty()


def test_at_the_ends_all_are_the_same_and_rounding_is_no_difference() -> None:
    same = results()
    for name in ("label-accuracy", "model-log-loss"):
        difference, _ = same.improvement(name, 0)
        assert difference[[0, 2]].tolist() == [0, 0]
    assert row(same.curves(), "mine", "label-accuracy", 0.0)["recovered"] is None


def test_areas_by_hand() -> None:
    frame = results().areas()
    assert dict(frame.schema) == dict(AREA)
    mine = frame.filter(router="mine", measure="label-accuracy").row(0, named=True)
    assert mine["area"] == pytest.approx(0.825)
    assert mine["difference"] == pytest.approx(0.075)
    chance = frame.filter(router="random", measure="label-accuracy").row(0, named=True)
    assert chance["area"] == pytest.approx(0.75)
    assert chance["difference"] is None


def test_an_interval_is_that_of_the_frame() -> None:
    interval = results().interval("label-accuracy", 0, 1)
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.15, 0.055, 0.245))
