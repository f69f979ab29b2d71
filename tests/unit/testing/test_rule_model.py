"""The scripted model knows its rules, in any words, order and role; and errs as it is told to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.constitution.proposing.reading import read_strictly
from prefdata.constitution.proposing.wording import VARIANTS, Shown, Task
from prefdata.constitution.proposing.wording import request_of as proposal
from prefdata.constitution.voting.reading import CODES, read_votes
from prefdata.constitution.voting.wording import (
    conversation_part,
    listed_sentence,
    request_of,
    response_part,
)
from prefdata.testing.rule_model import RULES, RuleModel, careless_rule_model, rule_model

if TYPE_CHECKING:
    from prefdata.protocols import ChatRequest

__all__: list[str] = []

_LONG = "The market opens at 9 and closes at 17. Shall I go on?"
_SHORT = "I am sorry!"
_SENTENCES = [
    rule.sentence(is_more=is_more, wording=n)
    for rule in RULES
    for is_more in (True, False)
    for n in range(2)
]


def _vote(a: str, b: str, sentences: list[str], first: int = 1) -> ChatRequest:
    parts = (response_part(*named, 1000) for named in (("A", a), ("B", b)))
    matter = "\n\n".join((conversation_part("[user]\n1. When?", 1000), *parts))
    return request_of(matter, [listed_sentence(one) for one in sentences], first)


def _says(model: RuleModel, request: ChatRequest, seed: int = 0) -> str:
    return model({"messages": list(request.messages), "seed": seed})


def _votes(model: RuleModel, a: str, b: str, sentences: list[str] = _SENTENCES) -> list[int]:
    return read_votes(_says(model, _vote(a, b, sentences)), 1, len(sentences))


def test_every_wording_of_a_rule_has_its_vote_and_its_opposite_the_other() -> None:
    votes = _votes(rule_model, _LONG, _SHORT)
    turned = _votes(rule_model, _SHORT, _LONG)
    swap = {1: -1, -1: 1}
    assert turned == [swap.get(vote, vote) for vote in votes]
    for at, rule in enumerate(RULES):
        expected = CODES[rule.vote(_LONG, _SHORT)]
        assert votes[4 * at : 4 * at + 4] == [expected] * 2 + [swap.get(expected, expected)] * 2
    assert [CODES[rule_model.vote(s, _LONG, _SHORT)] for s in _SENTENCES] == votes


def test_what_it_does_not_know_has_neither() -> None:
    assert _votes(rule_model, _LONG, _SHORT, ["Be kind", "Select it"]) == [CODES["neither"]] * 2
    assert rule_model.vote(RULES[1].sentence(), _LONG, "Yes.") == "neither"
    assert rule_model.vote(RULES[1].sentence(), _SHORT, _SHORT) == "both"


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("is_swapped", [False, True])
def test_it_proposes_what_speaks_for_the_selected_response(variant: Any, is_swapped: bool) -> None:
    task = Task(k=4, max_words=12, max_chars=1000)
    shown = Shown("[user]\nWhen?", preferred=_SHORT, other=_LONG)
    said = _says(rule_model, proposal(shown, variant, task, is_swapped=is_swapped))
    sentences = [one.sentence for one in read_strictly(said, task)]
    votes = [rule_model.vote(sentence, _SHORT, _LONG) for sentence in sentences]
    assert votes == ["A", "A", "A", "neither"]


def test_garbage_is_none_of_what_was_asked_for_and_another_seed_may_mend_it() -> None:
    request = _vote(_LONG, _SHORT, _SENTENCES)
    model = RuleModel(garbage=0.5)
    said = [_says(model, request, seed) for seed in range(60)]
    good = json.dumps(json.loads(_says(rule_model, request)))
    bad = [one for one in said if one != good]
    assert 15 < len(bad) < 45
    assert len(set(bad)) == 6
    for one in bad:
        with pytest.raises(ValueError, match=r"\w"):
            read_votes(one, 1, len(_SENTENCES))
    assert said == [_says(model, request, seed) for seed in range(60)]
    assert _says(careless_rule_model, request, 3) in {good, *bad}


def test_a_bias_goes_to_what_is_shown_first() -> None:
    biased = RuleModel(first=1.0)
    assert set(_votes(biased, _LONG, _SHORT)) == set(_votes(biased, _SHORT, _LONG)) == {1}
    some = sum(vote == 1 for vote in _votes(RuleModel(first=0.5), "x", "x"))
    assert 5 < some < 20


def test_what_is_no_matter_of_principles_is_left_to_another() -> None:
    body = {"messages": [{"role": "system", "content": ""}, {"role": "user", "content": "Rate."}]}
    assert rule_model(body) == "7"
    assert RuleModel(otherwise=lambda _: "else")(body) == "else"
