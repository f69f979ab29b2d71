"""The scripted colleague writes for whom it is told, and finds what a note is about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.rationales.handles import find_handles, rename_handles
from prefdata.rationales.judged import wording as judged
from prefdata.rationales.wording import Task, wording
from prefdata.testing.colleague import colleague

if TYPE_CHECKING:
    from prefdata.protocols import Message

__all__: list[str] = []

_PROMPT: list[Message] = [{"role": "user", "content": "How do I keep tomatoes fresh for longer?"}]
_LONG = (
    "Keep ripe tomatoes on the counter, stem down, away from sunlight. Refrigerate them only when "
    "they are fully ripe, and bring them back to room temperature before serving the salad."
)
_SHORT = "Throw everything into a plastic bag inside the freezer drawer and forget about flavour."


def _body(messages: tuple[Message, ...]) -> dict[str, Any]:
    return {"messages": [dict(message) for message in messages]}


def _written(better: str | None, kind: Any = "specific", x: str = _LONG, y: str = _SHORT) -> str:
    task = Task(kind, 120, better=better, language="en")  # type: ignore[arg-type]
    return colleague(_body(wording(_PROMPT, x, y, task)))


@pytest.mark.parametrize("better", ["X", "Y"])
@pytest.mark.parametrize("kind", ["general", "specific"])
def test_it_favours_whom_it_is_told_to(better: str, kind: str) -> None:
    note = _written(better, kind)
    assert {name for _, name in find_handles(note)} == {"X", "Y"}
    assert colleague(_body(judged.stance(note))) == better


def test_unasked_it_prefers_the_longer_in_any_order() -> None:
    assert json.loads(_written(None))["verdict"] == "X"
    assert json.loads(_written(None, x=_SHORT, y=_LONG))["verdict"] == "Y"


@pytest.mark.parametrize("kind", ["general", "specific"])
def test_it_finds_the_response_that_a_note_is_about(kind: str) -> None:
    note = rename_handles(pl.Series([_written("X", kind)]), "P", "Q")[0]
    asked = [judged.grounding("p", a, b, note) for a, b in ((_LONG, _SHORT), (_SHORT, _LONG))]
    assert [colleague(_body(messages)) for messages in asked] == ["A", "B"]


def test_statements_stand_where_their_words_do() -> None:
    def says(statement: str) -> str:
        return colleague(_body(judged.claim("p", _LONG, "X", statement)))

    assert says('X says "away from sunlight".') == "S"
    assert says('X says "inside the freezer".') == "F"
    assert says("X is polite.") == "U"


def test_it_rates_and_compares_for_judges() -> None:
    assert colleague(_body(judged.preference("p", _SHORT, _LONG))) == "B"
    assert colleague(_body(({"role": "system", "content": "Rate."}, *_PROMPT))) == "7"
