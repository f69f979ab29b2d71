"""Rationales from requests to rows."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.chat.models import request_id
from prefdata.protocols import ChatParams
from prefdata.rationales.cases import CASE
from prefdata.rationales.writer import WriteParams, write
from prefdata.testing.scripted_chat import ScriptedChat, scripted_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.protocols import ChatAnswer, ChatRequest

__all__: list[str] = []

_GOOD = "good"
_MODEL = ChatParams(model="scripted")


def _cases(n: int = 12) -> pl.DataFrame:
    """Pairs of which the chosen response says that it is good."""
    return pl.DataFrame(
        [
            {
                "pair_id": f"pair-{i:04}",
                "source": "toy",
                "prompt_id": f"p{i // 2}",
                "chosen_id": f"c{i}",
                "rejected_id": f"r{i}",
                "annotator_id": "me",
                "aspect": "overall",
                "messages": [{"role": "user", "content": f"Question {i // 2}?"}],
                "chosen_text": f"A {_GOOD} answer, number {i}, with some words in it.",
                "rejected_text": f"A poor answer, number {i}.",
                "language": "en",
            }
            for i in range(n)
        ],
        schema=CASE,
    )


def _shown(request: ChatRequest) -> dict[str, str]:
    """Return what stands in the fences of a request, by label."""
    user = request.messages[1]["content"]
    found = re.findall(r"(\w+):\n<<<begin (\w+)>>>\n(.*?)\n<<<end \2>>>", user, re.DOTALL)
    return {label: text for label, _, text in found}


def _fair(request: ChatRequest, purpose: str) -> str:
    """Prefer the good response; say why."""
    if request.schema is None:
        return request.stand_in
    verdict = next(name for name in "XY" if _GOOD in _shown(request)[name])
    return json.dumps({"reason": f"{verdict} is good.", "verdict": verdict})


def _write(
    answer: Callable[[ChatRequest, str], str | ChatAnswer] = _fair,
    cases: pl.DataFrame | None = None,
    *,
    attempt: int = 1,
    seed: int = 0,
    is_flipped: bool = False,
    **params: Any,
) -> tuple[pl.DataFrame, ScriptedChat]:
    chat = ScriptedChat(answer)
    written = write(
        _cases() if cases is None else cases,
        WriteParams(model=_MODEL, **params),
        chat,
        step="write",
        seed=seed,
        attempt=attempt,
        is_flipped=is_flipped,
    )
    return written.rows, chat


@pytest.mark.parametrize("mode", ["given", "blind", "blind_then_given"])
def test_there_is_a_row_for_each_pair_kind_and_sample(mode: str) -> None:
    rows, _ = _write(mode=mode, samples=2)
    assert rows.height == 12 * 2 * 2
    assert rows.select("pair_id", "kind", "sample").is_unique().all()
    assert rows["rationale_id"].is_unique().all()
    assert rows["status"].unique().to_list() == ["ok"]
    assert rows["origin"].unique().to_list() == ["given" if mode == "given" else "blind"]


def test_nothing_is_asked_for_nothing() -> None:
    rows, chat = _write(cases=_cases(0))
    assert rows.is_empty()
    assert chat.asked == []


def test_one_who_is_told_writes_for_the_label() -> None:
    rows, chat = _write(mode="given", kinds=("general",))
    assert len(chat.asked) == 12
    for purpose, request in chat.asked:
        assert purpose == "write-general"
        [better] = re.findall(r"([XY]) is the better response", request.messages[1]["content"])
        assert _GOOD in _shown(request)[better]
    assert rows["preferred"].to_list() == [
        "x" if x.startswith("c") else "y" for x in rows["x_id"].to_list()
    ]
    assert rows["verdict"].null_count() == 12


def test_a_blind_writer_is_asked_in_both_orders() -> None:
    _, chat = _write(mode="blind", kinds=("general",))
    shown = [_shown(request) for _, request in chat.asked]
    assert len(shown) == 24
    for drawn, turned in zip(shown[::2], shown[1::2], strict=True):
        assert (drawn["X"], drawn["Y"]) == (turned["Y"], turned["X"])


def test_the_order_of_handles_is_balanced_over_pairs() -> None:
    rows, _ = _write(cases=_cases(1000), mode="given", kinds=("general",))
    share = (rows["preferred"] == "x").mean()
    assert isinstance(share, float)
    assert abs(share - 0.5) < 0.05


def test_requests_on_one_prompt_are_sent_together() -> None:
    _, chat = _write(mode="given", kinds=("general",))
    prompts = [_shown(request)["user"] for _, request in chat.asked]
    assert sum(a != b for a, b in itertools.pairwise(prompts)) == 5


@given(st.permutations(range(12)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    rows, _ = _write(kinds=("general",))
    other, _ = _write(cases=_cases()[order], kinds=("general",))
    assert rows.equals(other)


def test_exchanging_the_responses_leaves_the_blind_requests_as_they_are() -> None:
    exchanged = (
        _cases()
        .rename(
            {
                "chosen_id": "rejected_id",
                "rejected_id": "chosen_id",
                "chosen_text": "rejected_text",
                "rejected_text": "chosen_text",
            }
        )
        .select(list(CASE))
    )
    _, chat = _write(mode="blind", kinds=("general",))
    _, other = _write(cases=exchanged, mode="blind", kinds=("general",))
    assert {request_id(r) for _, r in chat.asked} == {request_id(r) for _, r in other.asked}


def test_a_blind_writer_who_follows_the_position_disagrees() -> None:
    def first(request: ChatRequest, purpose: str) -> str:
        return json.dumps({"reason": "X comes along well.", "verdict": "X"})

    rows, _ = _write(first, mode="blind")
    assert rows["status"].unique().to_list() == ["disagrees"]
    assert rows["text"].null_count() == 0
    assert rows["detail"].str.contains("where X and Y were exchanged").all()


def test_where_a_blind_writer_disagrees_one_who_is_told_writes() -> None:
    def contrary(request: ChatRequest, purpose: str) -> str:
        if request.schema is None:
            return "As told."
        number = int(re.findall(r"number (\d+)", request.messages[1]["content"])[0])
        said = json.loads(_fair(request, purpose))
        if number % 3 == 0:
            said["verdict"] = {"X": "Y", "Y": "X"}[said["verdict"]]
        return json.dumps(said)

    rows, chat = _write(contrary, kinds=("general",))
    assert rows["origin"].to_list() == [
        "given" if number % 3 == 0 else "blind" for number in range(12)
    ]
    given = rows.filter(pl.col("origin") == "given")
    assert given["text"].unique().to_list() == ["As told."]
    assert (given["verdict"] != given["preferred"]).all()
    assert sum(purpose == "write-general" for purpose, _ in chat.asked) == 4


@pytest.mark.parametrize("status", ["cut", "filtered", "unreadable", "failed"])
@pytest.mark.parametrize("mode", ["given", "blind", "blind_then_given"])
def test_an_answer_that_does_not_come_leaves_a_row_that_says_so(mode: str, status: Any) -> None:
    rows, _ = _write(lambda _request, _: scripted_answer(None, status=status), mode=mode)
    assert rows.height == 24
    assert rows["status"].unique().to_list() == [status]
    assert rows["text"].null_count() == 24


def test_an_answer_in_another_form_is_asked_for_again_and_then_unreadable() -> None:
    rows, chat = _write(lambda _request, _: "X is better.", mode="blind", kinds=("general",))
    assert rows["status"].unique().to_list() == ["unreadable"]
    assert len(chat.asked) == 48


def test_a_flipped_one_is_told_the_opposite_and_keeps_the_true_label() -> None:
    rows, _ = _write()
    flipped, chat = _write(is_flipped=True)
    for _, request in chat.asked:
        [better] = re.findall(r"([XY]) is the better response", request.messages[1]["content"])
        assert _GOOD not in _shown(request)[better]
    assert flipped["preferred"].equals(rows["preferred"])
    assert flipped["origin"].unique().to_list() == ["given"]
    assert not set(flipped["rationale_id"]) & set(rows["rationale_id"])


def test_another_attempt_has_another_order_and_another_seed() -> None:
    first, before = _write(mode="given")
    second, after = _write(mode="given", attempt=2)
    assert (first["preferred"] != second["preferred"]).all()
    assert {r.seed for _, r in before.asked}.isdisjoint({r.seed for _, r in after.asked})
    assert second["attempt"].unique().to_list() == [2]
    assert not set(first["rationale_id"]) & set(second["rationale_id"])


def test_samples_are_asked_for_apart() -> None:
    rows, chat = _write(mode="given", samples=3, kinds=("general",))
    assert len(chat.asked) == 36
    assert sorted(rows["sample"].unique().to_list()) == [0, 1, 2]
    assert {r.sample for _, r in chat.asked} == {0, 1, 2}


def test_the_longest_answer_leaves_room_for_the_words() -> None:
    _, chat = _write(general_words=40, specific_words=100)
    longest = {purpose: request.max_tokens for purpose, request in chat.asked}
    assert longest == {"write-general-blind": 264, "write-specific-blind": 564}


def test_settings_tell_what_shaped_a_rationale() -> None:
    rows, _ = _write(mode="given", temperature=0.5)
    settings = json.loads(rows["settings"][0])
    assert (settings["mode"], settings["temperature"], settings["is_flipped"]) == (
        "given",
        0.5,
        False,
    )
    assert "structured" in settings["model"]
    assert rows["generator"].unique().to_list() == ["scripted"]
    assert rows["template"].n_unique() == 2


def test_notes_count_requests_once() -> None:
    chat = ScriptedChat(_fair)
    params = WriteParams(model=_MODEL, mode="given", kinds=("general",))
    notes = write(_cases(2), params, chat, step="write", seed=0).notes
    assert notes[0] == "2 of 2 rationales are written (given 2)"
    assert re.fullmatch(r"2 requests of [\d,]+ tokens, answers of \d+", notes[-1])


def test_a_kind_cannot_be_named_twice() -> None:
    with pytest.raises(pydantic.ValidationError, match="named twice"):
        WriteParams(model=_MODEL, kinds=("general", "general"))
