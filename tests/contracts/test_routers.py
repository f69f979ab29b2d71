"""Every router that is found keeps the promises of routers; tomorrow's file does too."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.registry import names, plugin
from prefdata.testing.routers import assert_router_contract

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__: list[str] = []

# Packages that routers need and that come with extras.
_NEEDS = {"active-lab": "cleanlab"}
# Few mixes are enough for promises, and the quadratic model has many columns.
_SETTINGS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "ridge-excess": ({"n_mixes": 40},),
    "hyper-top-k": ({"n_mixes": 40}, {"n_mixes": 40, "model": "quadratic"}),
    "hyper-simulated": ({"n_mixes": 40, "n_candidates": 20},),
}


@pytest.mark.parametrize(
    ("name", "settings"),
    [(name, each) for name in names("router") for each in _SETTINGS.get(name, ({},))],
)
def test_router_contract(name: str, settings: Mapping[str, Any]) -> None:
    if name in _NEEDS and importlib.util.find_spec(_NEEDS[name]) is None:
        pytest.skip(f"{_NEEDS[name]} is not installed")
    router = plugin("router", name)
    assert_router_contract(router, router.params.model_validate(settings))
