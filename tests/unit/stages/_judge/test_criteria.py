"""Every criterion names its aspect, and is short."""

from __future__ import annotations

import pytest

from prefdata.stages._judge.criteria import CRITERIA

__all__: list[str] = []


@pytest.mark.parametrize("aspect", CRITERIA)
def test_a_criterion_names_its_aspect_and_is_short(aspect: str) -> None:
    head, _, rest = CRITERIA[aspect].partition(": ")
    assert head.lower().startswith(aspect.replace("_", " "))
    assert rest.endswith(".")
    assert len(rest.split()) <= 40
