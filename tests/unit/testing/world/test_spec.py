"""A spec that names no world is refused, and a world knows its files."""

from __future__ import annotations

from typing import Any

import pytest

from prefdata.testing.world import PAIRS, World, WorldSpec, scale_of_pairs

__all__: list[str] = []


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"scale": 0.0},
        {"scale": 1000.5},
        {"sources": ("alpaca",)},
        {"sources": ("prism", "prism")},
        {"red_team_layout": "csv"},
        {"ultrafeedback_vintage": "old"},
        {"ultrafeedback_annotations": "list"},
    ],
)
def test_a_value_outside_its_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|is not one of"):
        WorldSpec(**wrong)


def test_the_parameters_hold_the_weights_of_every_group(world: World) -> None:
    parameters = world.truth.parameters
    assert set(parameters["sources"]) == set(world.sources)
    for weights in parameters["value_groups"].values():
        assert list(weights) == parameters["qualities"]
    groups = set(world.truth.table("annotators")["value_group"])
    assert groups <= set(parameters["value_groups"])


def test_a_number_of_pairs_names_a_scale() -> None:
    assert WorldSpec.of_pairs(15_000_000).scale == pytest.approx(11.6, abs=0.01)
    assert scale_of_pairs(2 * PAIRS["prism"], ("prism",)) == 2.0
    with pytest.raises(ValueError, match="scale must lie in"):
        WorldSpec.of_pairs(0)
