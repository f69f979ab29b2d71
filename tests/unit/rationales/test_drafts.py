"""What answers of writers come to."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.rationales.drafts import (
    Slot,
    after_blind,
    blind_draft,
    blind_notes,
    draft_rows,
    given_draft,
    status_note,
)
from prefdata.schema import check, conform, table_schema
from prefdata.testing.scripted_chat import scripted_answer

if TYPE_CHECKING:
    from prefdata.protocols import AnswerStatus

__all__: list[str] = []

_CASE: dict[str, Any] = {
    "pair_id": "n1",
    "source": "toy",
    "prompt_id": "p1",
    "chosen_id": "p1/a",
    "rejected_id": "p1/b",
    "annotator_id": None,
    "aspect": "overall",
    "messages": [{"role": "user", "content": "Why?"}],
    "chosen_text": "Because it is so.",
    "rejected_text": "No idea.",
    "language": "en",
}
_SLOT = Slot(_CASE, 0, is_chosen_x=True)
_COMMON = {"chat": "c", "generator": "m", "settings": "{}", "seed": 0, "attempt": 1}


def _says(verdict: str, reason: str = "X says why.") -> str:
    return json.dumps({"reason": reason, "verdict": verdict})


def test_a_slot_names_the_chosen_response_and_can_be_turned() -> None:
    assert (_SLOT.label, _SLOT.texts) == ("X", ("Because it is so.", "No idea."))
    turned = _SLOT.turned
    assert (turned.label, turned.texts) == ("Y", ("No idea.", "Because it is so."))
    assert turned.turned == _SLOT


@pytest.mark.parametrize(
    ("drawn", "turned", "status", "finding"),
    [
        ("X", "Y", "ok", "agrees"),
        ("Y", "X", "disagrees", "other"),
        ("X", "X", "disagrees", "order"),
        ("Y", "Y", "disagrees", "order"),
        ("tie", "tie", "disagrees", "tie"),
        ("X", "tie", "disagrees", "order"),
    ],
)
@pytest.mark.parametrize("is_chosen_x", [True, False])
def test_a_blind_text_counts_if_both_orders_find_the_label(
    drawn: str, turned: str, status: str, finding: str, *, is_chosen_x: bool
) -> None:
    if not is_chosen_x:
        other = {"X": "Y", "Y": "X", "tie": "tie"}
        drawn, turned = other[drawn], other[turned]
    slot = replace(_SLOT, is_chosen_x=is_chosen_x)
    answers = (scripted_answer(_says(drawn)), scripted_answer(_says(turned, "other")))
    draft = blind_draft(slot, "general", *answers, "t")
    assert (draft.status, draft.finding, draft.text) == (status, finding, "X says why.")
    assert draft.verdict == drawn.lower()
    assert (draft.detail is None) == (status == "ok")


@pytest.mark.parametrize("status", ["cut", "filtered", "unreadable", "failed"])
def test_a_blind_answer_that_cannot_be_read_says_why_and_has_no_text(status: AnswerStatus) -> None:
    bad, good = scripted_answer("{", status=status), scripted_answer(_says("X"))
    for draft in (
        blind_draft(_SLOT, "general", bad, good, "t"),
        blind_draft(_SLOT, "general", good, bad, "t"),
    ):
        assert (draft.status, draft.text, draft.finding) == (status, None, "unread")


def test_an_answer_that_was_taken_for_readable_and_is_not_is_unreadable() -> None:
    blind = blind_draft(_SLOT, "general", scripted_answer("X!"), scripted_answer("X!"), "t")
    assert (blind.status, blind.text) == ("unreadable", None)
    given = given_draft(_SLOT, "general", scripted_answer(" "), "t")
    assert (given.status, given.text) == ("unreadable", None)


def test_a_given_text_that_is_cut_is_kept_as_far_as_it_goes() -> None:
    cut = given_draft(_SLOT, "general", scripted_answer("X says bec", status="cut"), "t")
    assert (cut.status, cut.text) == ("cut", "X says bec")
    nothing = given_draft(_SLOT, "general", scripted_answer(" ", status="cut"), "t")
    assert (nothing.status, nothing.text) == ("cut", None)


def test_a_draft_after_a_blind_one_remembers_it() -> None:
    answers = (scripted_answer(_says("tie")), scripted_answer(_says("tie")))
    blind = blind_draft(_SLOT, "general", *answers, "t")
    given = given_draft(_SLOT, "general", scripted_answer("X says why."), "t")
    both = after_blind(given, blind)
    assert (both.status, both.origin, both.verdict) == ("ok", "given", "tie")
    assert both.detail == "blind: disagrees, verdict tie in both orders"


def test_rows_keep_the_contract_of_rationales() -> None:
    slots = [_SLOT, replace(_SLOT, sample=1, is_chosen_x=False)]
    answers = (scripted_answer("X is correct."), scripted_answer(None, status="failed"))
    drafts = [
        given_draft(slot, "specific", answer, "t")
        for slot, answer in zip(slots, answers, strict=True)
    ]
    rows = draft_rows(drafts, _COMMON, max_chars=5)
    schema = table_schema("rationales")
    full = conform(rows.with_columns(stage=pl.lit("write")), schema)
    assert check(full, schema).rejects.is_empty()
    first, last = rows.to_dicts()
    assert (first["x_id"], first["y_id"], first["preferred"]) == ("p1/a", "p1/b", "x")
    assert (last["x_id"], last["y_id"], last["preferred"]) == ("p1/b", "p1/a", "y")
    assert (first["aspects"], last["aspects"]) == (["correctness"], None)
    assert first["detail"] == "shown to 5 characters only: X, Y"
    assert last["detail"] == "scripted; shown to 5 characters only: X, Y"
    assert first["rationale_id"] != last["rationale_id"]


def test_notes_say_what_there_is_and_how_often_a_blind_writer_disagrees() -> None:
    def blind(drawn: str, turned: str, sample: int = 0) -> Any:
        slot = replace(_SLOT, sample=sample)
        answers = (scripted_answer(_says(drawn)), scripted_answer(_says(turned)))
        return blind_draft(slot, "general", *answers, "t")

    drafts = [
        blind("X", "Y"),
        blind("X", "Y"),
        blind("Y", "X"),
        blind("X", "X"),
        blind("Y", "X", 1),
    ]
    assert status_note(drafts) == ("2 of 5 rationales are written (blind 2, disagrees 3)")
    [note] = blind_notes(drafts)
    assert note == (
        "general: blind, the writer disagrees with the label on 0.500 of 4 pairs (95 % interval "
        "0.150 to 0.850): the other response 1, neither 0, another one in each order 1"
    )
    failed = scripted_answer(None, status="failed")
    unread = blind_draft(_SLOT, "general", failed, failed, "t")
    assert blind_notes([unread]) == ["general: no blind verdict could be read"]
    assert blind_notes([given_draft(_SLOT, "general", scripted_answer("X"), "t")]) == []
