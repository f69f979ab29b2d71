from __future__ import annotations

from typing import Any

import pytest

from prefdata.core.errors import InternalError
from prefdata.protocols import Context
from prefdata.stages.dedup import Dedup, dedup
from prefdata.texts import stretches

__all__: list[str] = []


def test_what_is_read_in_batches_is_found_all_the_same(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        build.prompt(f"p{number}", f"A question that is asked twice, {number // 2}.")
    params, context = Dedup(threshold=0.99), Context(step="dedup")
    whole = dedup.run(build.lazy(), params, context).tables["neighbors"]
    assert whole.height == 40
    monkeypatch.setattr(stretches, "_BATCH_ROWS", 3)
    assert dedup.run(build.lazy(), params, context).tables["neighbors"].equals(whole)


def test_without_a_place_for_vectors_it_is_our_fault(build: Any) -> None:
    build.prompt("p0", "Ask.")
    with pytest.raises(InternalError, match="no place for vectors"):
        dedup.run(build.lazy(), Dedup(method="semantic"), Context(step="dedup"))
