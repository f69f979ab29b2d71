"""An answer is the list that was asked for; in the end, what can be used of it is."""

from __future__ import annotations

import json

import pytest

from prefdata.constitution.proposing.reading import read_answer, read_strictly, reader
from prefdata.constitution.proposing.sentences import BEGINNING
from prefdata.constitution.proposing.wording import Task
from prefdata.testing.scripted_chat import scripted_answer

__all__: list[str] = []

_TASK = Task(k=3, max_words=8, max_chars=1000)
_GOOD = [f"{BEGINNING} {rest}" for rest in ("is kind.", "is short", "has a list")]


def _said(*sentences: object) -> str:
    return json.dumps({"principles": sentences})


def test_sentences_keep_their_words_and_places() -> None:
    found = read_strictly(f"<think>so</think>```json\n{_said(*_GOOD)}\n```", _TASK)
    assert [one.number for one in found] == [0, 1, 2]
    assert [one.said for one in found] == _GOOD
    assert found[0].sentence == f"{BEGINNING} is kind"
    assert reader(_TASK)(_said(*_GOOD)) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"1. {_GOOD[0]}\n2. {_GOOD[1]}\n3. {_GOOD[2]}", "no JSON"),
        (json.dumps(_GOOD), "no JSON object"),
        (json.dumps({"rules": _GOOD}), "the keys are rules"),
        (json.dumps({"principles": _GOOD, "note": ""}), "note, principles"),
        (json.dumps({"principles": " ".join(_GOOD)}), "no list"),
        (_said(_GOOD[0], 2, _GOOD[1]), "no list"),
        (_said(*_GOOD[:2]), "2 principles, where 3"),
        (_said(*_GOOD, f"{BEGINNING} is new"), "4 principles"),
        (_said(*_GOOD[:2], _GOOD[0].upper()), "sentence 3: repeated"),
        (_said(*_GOOD[:2], "Kindness"), "sentence 3: not-a-principle"),
        (_said(f"{BEGINNING} beats Response B", *_GOOD[:2]), "sentence 1: names-a-response"),
        (_said(f"{BEGINNING} {'w ' * 9}", *_GOOD[:2]), "sentence 1: too-long"),
    ],
)
def test_what_was_not_asked_for_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_strictly(text, _TASK)


def test_of_a_list_with_faulty_sentences_the_others_count() -> None:
    text = _said("Kindness", _GOOD[0], f"{BEGINNING} beats Response B")
    found = read_answer(scripted_answer(text, status="unreadable"), _TASK)
    assert [(one.number, one.said) for one in found.proposals] == [(1, _GOOD[0])]
    assert found.left_out == ("not-a-principle", "names-a-response")
    assert found.rule is None


@pytest.mark.parametrize(
    ("text", "status", "rule"),
    [
        (_said("Kindness", f"{BEGINNING} beats Response B", ""), "unreadable", "not-a-principle"),
        ("Both are fine.", "unreadable", "unreadable-principles"),
        (_said(*_GOOD[:2]), "unreadable", "unreadable-principles"),
        (_said(*_GOOD)[:-9], "cut", "cut-answer"),
        (None, "filtered", "filtered-answer"),
        (None, "failed", "failed-answer"),
    ],
)
def test_an_answer_that_proposes_nothing_has_a_rule(
    text: str | None, status: str, rule: str
) -> None:
    found = read_answer(scripted_answer(text, status=status), _TASK)  # type: ignore[arg-type]
    assert (found.proposals, found.rule) == ((), rule)
