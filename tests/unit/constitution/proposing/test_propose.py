"""What a model is asked, and what is told of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.constitution.proposing.propose import PURPOSE, Asking, Proposed, propose
from prefdata.constitution.proposing.sample import SAMPLED, Sample
from prefdata.constitution.proposing.wording import Task
from prefdata.protocols import ChatParams
from prefdata.testing.scripted_chat import ScriptedChat, scripted_answer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_MODEL = ChatParams(model="m", rereads=1)


def _sample(*names: str) -> Sample:
    rows = [
        {
            "comparison_id": name,
            "prompt_id": f"p {name}",
            "aspect": "overall",
            "conversation": "[user]\nWhy?",
            "preferred": f"good {name}",
            "other": "bad",
            "is_turned": name > "c",
        }
        for name in names
    ]
    return Sample(pl.DataFrame(rows, schema=dict(SAMPLED)), {"without a majority": 1200})


def _asking(**more: Any) -> Asking:
    given: dict[str, Any] = {"variants": ("neutral", "general"), "both_orders": True, **more}
    return Asking(model=_MODEL, task=Task(k=1, max_words=9, max_chars=6), **given)


def _propose(answer: Callable[..., Any], *names: str, **more: Any) -> tuple[Proposed, ScriptedChat]:
    chat = ScriptedChat(answer)
    made = propose(_sample(*names), _asking(**more), chat, step="s")
    assert made.n_requests == made.rejects.height + made.proposals["request"].n_unique()
    return made, chat


def _said(*rests: str) -> str:
    return json.dumps({"principles": [f"Select the response that {rest}" for rest in rests]})


def test_each_comparison_is_shown_in_each_wording_and_order() -> None:
    made, chat = _propose(lambda *_: _said("is kind"), "a", "b")
    assert [purpose for purpose, _ in chat.asked] == [PURPOSE] * 8
    rows = made.proposals.select("comparison_id", "is_swapped", "variant").rows()
    assert rows[:4] == [
        ("a", is_swapped, variant)
        for is_swapped in (False, True)
        for variant in ("neutral", "general")
    ]
    assert made.principles["n_proposals"].to_list() == [8]
    assert set(made.proposals["generator"]) == {"m"}


def test_in_one_order_it_is_the_one_that_was_drawn() -> None:
    made, _ = _propose(lambda *_: _said("is kind"), "a", "z", both_orders=False)
    assert made.proposals.select("comparison_id", "is_swapped").unique().sort(
        "comparison_id"
    ).rows() == [
        ("a", False),
        ("z", True),
    ]


def test_the_notes_tell_what_was_shown_asked_and_taken() -> None:
    made, chat = _propose(_mixed, "a", "b")
    told = made.notes
    assert told[0].startswith("2 comparisons are shown; 1,200 without a majority; 2 texts are cut")
    assert told[1].startswith("m: 8 requests of ")
    assert told[1].endswith("rejected: filtered-answer 2, names-a-response 2")
    assert told[2] == "4 sentences proposed, 1 of them different; not taken: names-a-response 2"
    # What is no principle is asked for once more.
    assert len(chat.asked) == 8 + 2


def _mixed(request: Any, _purpose: str) -> Any:
    asked = request.messages[1]["content"]
    if "general principles" not in asked:
        return _said("is kind")
    if "Response A was selected" in asked:
        return scripted_answer(None, status="filtered")
    return _said("is not Response A")


def test_where_nothing_is_shown_nothing_is_asked() -> None:
    made, chat = _propose(lambda *_: _said("is kind"))
    assert (made.n_requests, chat.asked) == (0, [])
    assert made.notes == ("0 comparisons are shown; 1,200 without a majority",)
