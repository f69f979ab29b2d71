"""The parameters that HyPER's routers share."""

from __future__ import annotations

from prefdata.registry import plugin
from prefdata.routers._hyper import HyperParams

__all__: list[str] = []


def test_a_file_of_runs_is_named_outside() -> None:
    assert HyperParams().outside().files == ()
    assert HyperParams(runs="runs.csv").outside().files == ("runs.csv",)


def test_each_router_has_the_form_that_was_published() -> None:
    forms = {
        name: plugin("router", name).params().model for name in ("hyper-top-k", "hyper-simulated")
    }
    assert forms == {"hyper-top-k": "linear", "hyper-simulated": "quadratic"}
