"""A spec that names no world is refused, and a world knows its files."""

from __future__ import annotations

from typing import Any

import pytest

from prefdata.testing.world import World, WorldSpec

__all__: list[str] = []


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"scale": 0.0},
        {"scale": 1.5},
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
