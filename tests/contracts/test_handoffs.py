"""Every hand-off format keeps texts, hides what would bias, and brings choices back exactly."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from prefdata.registry import names, plugin
from prefdata.testing.annotators import SHAPES, answer_as, known_as, seen_in
from prefdata.testing.handoffs import assert_handoff_contract

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def test_every_format_has_a_script_that_answers() -> None:
    assert set(names("handoff")) == set(SHAPES)


@pytest.mark.parametrize("name", names("handoff"))
def test_a_format_keeps_its_promises(name: str, tmp_path: Path) -> None:
    assert_handoff_contract(
        plugin("handoff", name),
        tmp_path,
        answer=partial(answer_as, name),
        seen=partial(seen_in, name),
        known_as=partial(known_as, name),
    )


@pytest.mark.parametrize("name", names("handoff"))
def test_a_format_keeps_its_promises_whatever_else_is_asked(name: str, tmp_path: Path) -> None:
    handoff = plugin("handoff", name)
    assert_handoff_contract(
        handoff,
        tmp_path,
        answer=partial(answer_as, name),
        seen=partial(seen_in, name),
        known_as=partial(known_as, name),
        params=handoff.params(with_comment=True, with_confidence=True, guidelines="Be fair."),
    )
