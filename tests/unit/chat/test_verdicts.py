"""A verdict is one clear choice; everything else is unreadable, and never a tie."""

from __future__ import annotations

import json
import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.chat.verdicts import choice_probabilities, read_verdict
from prefdata.protocols import Alternatives, ChatAnswer

__all__: list[str] = []

_CHOICES = ("A", "B", "tie")
_choice = st.sampled_from(_CHOICES)
_prose = st.text(string.ascii_lowercase + " ,\n", max_size=60).filter(
    lambda text: "verdict" not in text and text.strip(" ,\n") not in {"a", "b", "tie"}
)


def _answer(*alternatives: Alternatives) -> ChatAnswer:
    return ChatAnswer("r", "ok", "", "stop", alternatives or None, None, None, None)


def _is_unreadable(text: str) -> bool:
    try:
        read_verdict(text, _CHOICES)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    "form",
    [
        "{}",
        " {}\n",
        "{}.",
        "**{}**",
        "**{}.**",
        "'{}'",
        "({})",
        "`{}`",
        "```\n{}\n```",
        "[[{}]]",
        "Verdict: {}",
        "verdict: **{}**",
        "## Final verdict: {}.",
        "**Verdict:** {}",
        "**Verdict: {}**",
        "Verdict: [[{}]]",
        "Verdict\N{FULLWIDTH COLON}{}",
        '{{"verdict": "{}"}}',
        '```json\n{{"verdict": "{}"}}\n```',
        '{{"reasons": "Verdict: A, or [[B]]", "Verdict": "{}"}}',
        "<think>A? B? Verdict: A. [[B]]</think>\n\n{}",
        "One is shorter, the other says more.\n\nVerdict: {}",
        "One says more. My verdict is [[{}]], because it is right.",
        'It depends.\n{{"verdict": "{}"}}',
        'Here it is:\n```json\n{{\n  "verdict": "{}"\n}}\n```',
        "The code is\n```\nA = [[1, 2]]\n```\nwhich is wrong.\nVerdict: {}",
        "Verdict: {0}\nTo say it again: [[{0}]]",
    ],
)
@pytest.mark.parametrize("choice", ["A", "B", "tie"])
def test_the_forms_in_which_a_verdict_is_given(form: str, choice: str) -> None:
    assert read_verdict(form.format(choice), _CHOICES) == choice


@pytest.mark.parametrize(
    "text",
    [
        "",
        "**",
        "A is better.",
        "I would choose A",
        "Response A",
        "A or B",
        "A B",
        "A/B",
        "A?",
        "not A",
        "C",
        "[[C]]",
        "[[A]] or [[B]]",
        "[[A]], not [[C]]",
        "Verdict: A\nVerdict: B",
        "[[B]]\nVerdict: A",
        "Verdict: A\nBut that was too quick.",
        "Verdict: A is better",
        "Verdict:",
        "A\n\nThe first one is better.",
        '{"verdict": "C"}',
        '{"verdict": null}',
        '{"verdict": true}',
        '{"verdict": ["A"]}',
        '{"verdict": "A", "verdict": "B"}',
        '{"choice": "A"}',
        '{"verdict": "A"',
        '{"verdict": "A"} or {"verdict": "B"}',
        'Verdict: B\n{"verdict": "A"}',
        "<think>A",
        "<think>Verdict: A</think>",
        "```\nA\n```\n```\nB\n```",
        "I cannot judge this.",
        '{"a":' * 100_000 + "}",
    ],
)
def test_what_is_not_one_clear_choice_is_unreadable(text: str) -> None:
    with pytest.raises(ValueError, match="the answer is not one of A, B, tie"):
        read_verdict(text, _CHOICES)


@given(_prose, _choice)
def test_prose_before_the_last_line_does_not_matter(prose: str, choice: str) -> None:
    assert read_verdict(f"{prose}\nVerdict: {choice}", _CHOICES) == choice
    assert read_verdict(f"{prose}\n[[{choice}]]", _CHOICES) == choice


@given(_prose, _choice)
def test_a_letter_in_prose_is_no_verdict(prose: str, choice: str) -> None:
    assert _is_unreadable(f"{prose} x {choice} {prose}")


@given(_prose, _choice, _choice)
def test_two_verdicts_are_readable_only_when_they_agree(prose: str, one: str, two: str) -> None:
    text = f"[[{one}]] {prose}\nVerdict: {two}"
    assert _is_unreadable(text) == (one != two)


@given(st.text(max_size=80), _choice)
def test_of_a_json_answer_only_the_key_counts(reasons: str, choice: str) -> None:
    for indent in (None, 1):
        text = json.dumps({"reasons": reasons, "verdict": choice}, indent=indent)
        assert read_verdict(text, _CHOICES) == choice


@given(st.text(max_size=200))
def test_any_text_is_a_choice_or_unreadable(text: str) -> None:
    assert _is_unreadable(text) or read_verdict(text, _CHOICES) in _CHOICES


def test_numbers_are_choices_too() -> None:
    grades = [str(grade) for grade in range(1, 11)]
    assert read_verdict('{"rating": 10}', grades, key="rating") == "10"
    assert read_verdict('{"rating": "7"}', grades, key="rating") == "7"
    assert read_verdict("Rating: 3", grades, key="rating") == "3"
    for text in ('{"rating": 7.5}', '{"rating": 11}', "7 or 8", "Verdict: 3"):
        with pytest.raises(ValueError, match="is not one of"):
            read_verdict(text, grades, key="rating")


def test_choices_that_fold_into_one_are_refused() -> None:
    with pytest.raises(ValueError, match="must differ"):
        read_verdict("A", ("A", "a"))
    with pytest.raises(ValueError, match="must differ"):
        choice_probabilities(_answer(), ("A", "."))


def test_probabilities_are_those_of_the_choices_alone() -> None:
    answer = _answer((("A", math.log(0.6)), ("B", math.log(0.2)), ("The", math.log(0.1))))
    assert choice_probabilities(answer, ("A", "B")) == pytest.approx({"A": 0.75, "B": 0.25})


def test_spellings_of_a_choice_are_added_up() -> None:
    answer = _answer((("B", math.log(0.4)), (" A", math.log(0.3)), ('"a', math.log(0.1))))
    assert choice_probabilities(answer, ("A", "B")) == pytest.approx({"A": 0.5, "B": 0.5})


def test_the_first_token_that_is_a_choice_is_read() -> None:
    answer = _answer(
        # An unlikely letter at the start of a JSON object is not where the choice is made.
        (('{"', -0.01), ("A", -5.0)),
        (('verdict":', -0.01),),
        ((' "B', -0.1), (' "A', -3.0)),
        (("A", -0.1), ("B", -0.2)),
    )
    found = choice_probabilities(answer, ("A", "B", "C"))
    assert found is not None
    assert found == pytest.approx({"B": 1 / (1 + math.exp(-2.9)), "A": 1 - found["B"], "C": 0.0})


@pytest.mark.parametrize("alternatives", [(), ((),), ((("The", -0.1), ("A", -2.0)),)])
def test_without_a_choice_among_the_tokens_there_are_none(
    alternatives: tuple[Alternatives, ...],
) -> None:
    assert choice_probabilities(_answer(*alternatives), ("A", "B")) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", " b", '"A"', "x", "C"]), st.floats(-9999, 0)), min_size=1
    )
)
def test_probabilities_are_shares_that_add_up_to_one(pairs: list[tuple[str, float]]) -> None:
    found = choice_probabilities(_answer(tuple(pairs)), ("A", "B"))
    assert found is None or sum(found.values()) == pytest.approx(1)
