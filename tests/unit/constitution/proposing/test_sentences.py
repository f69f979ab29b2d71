"""Every principle has one form, and holds for more than one pair."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.constitution.proposing.sentences import BEGINNING, SENTENCE_RULES, read_sentence

__all__: list[str] = []


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("Select the response that is more concise.", "is more concise"),
        ("  select  the RESPONSE that\nis kind ", "is kind"),
        ("1. **Select the response that avoids insults**", "avoids insults"),
        ("\"Select the response that says 'no'.\"", "says 'no'"),
        ("Prefer the answer which isn’t rude", "isn't rude"),
        ("The response that, above all, is honest", "above all, is honest"),
        ("Select the better response that is kind", "is kind"),
        ("Avoids insults", "avoids insults"),
        ("- Clearly explains each step!", "clearly explains each step"),
        ("does not take sides", "does not take sides"),
        ("Select the response that a child can read", "a child can read"),
        ("Select the response that suggests vitamin B and C", "suggests vitamin B and C"),
        ("Select the response that recommends the first option", "recommends the first option"),
        ("Select the response that 更礼貌", "更礼貌"),
    ],
)
def test_sentences_are_brought_into_one_form(said: str, rest: str) -> None:
    assert read_sentence(said, 20) == (f"{BEGINNING} {rest}", None)


@pytest.mark.parametrize(
    "rest",
    [
        "is like Response A",
        "is not Response B's equal",
        "agrees with response 1",
        "repeats answer two",
        "is A's",
        "is kinder than B",
        "is more polite than the first response",
        "follows the second one",
        "resembles the former",
        "differs from the rejected response",
        "has what the selected answer has",
        "was shown first",
        "unlike B, refuses",
    ],
)
def test_a_principle_names_no_response_and_no_place(rest: str) -> None:
    for said in (f"{BEGINNING} {rest}", f"{BEGINNING} {rest}."):
        assert read_sentence(said, 20) == (None, "names-a-response")


@pytest.mark.parametrize(
    "said",
    ["", "...", "Conciseness", "Be polite", "Responses should be short", f"{BEGINNING}.", "否"],
)
def test_what_says_nothing_of_selecting_is_no_principle(said: str) -> None:
    assert read_sentence(said, 20) == (None, "not-a-principle")


def test_words_are_counted_behind_the_beginning() -> None:
    assert read_sentence(f"{BEGINNING} {'w ' * 7}", 7).rule is None
    assert read_sentence(f"{BEGINNING} {'w ' * 8}", 7).rule == "too-long"
    # Where no spaces part words, letters are counted.
    assert read_sentence(f"{BEGINNING} {'更' * 85}", 7).rule == "too-long"


@settings(max_examples=60)
@given(said=st.text(max_size=60), has_beginning=st.booleans())
def test_a_form_is_its_own_form_or_there_is_a_rule(*, said: str, has_beginning: bool) -> None:
    found = read_sentence(f"{BEGINNING} {said}" if has_beginning else said, 10)
    if found.text is None:
        assert found.rule in SENTENCE_RULES
        return
    assert found.rule is None
    assert read_sentence(found.text, 10) == found
