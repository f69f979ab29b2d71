"""What cannot be read becomes a reject with its reason; it is never a row, and never a tie."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefdata.testing.scripted_chat import scripted_answer

if TYPE_CHECKING:
    from prefdata.protocols import AnswerStatus, ChatAnswer

__all__: list[str] = []

_STATUSES: dict[AnswerStatus, str] = {
    "cut": "cut-answer",
    "filtered": "filtered-answer",
    "failed": "failed-answer",
    "unreadable": "unreadable-verdict",
}
_BROKEN = [scripted_answer("A", status=status) for status in _STATUSES]
_WORDS = ["A", "B", "C", "A or B", "Both are good.", "", "tie", "The answer is A"]
_ODDS = (((" A", -0.5), ("B", -1.5), ("The", -2.0)),)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(said=st.lists(st.sampled_from([*_WORDS, *_BROKEN]), min_size=8, max_size=8))
def test_only_one_clear_choice_becomes_a_row(court: Any, said: list[str | ChatAnswer]) -> None:
    left = iter(said)
    result = court.judge(lambda *_: next(left), models={"model": "m", "rereads": 0})
    readable = [text for text in said if text in ("A", "B", "C")]
    judgments = result.tables["judgments"]
    assert judgments["raw_values"].list.first().to_list() == readable
    assert (judgments["outcome"] == "tie").sum() == readable.count("C")
    assert result.rows_out == len(readable)
    assert court.rules(result) == sorted(
        "unreadable-verdict" if isinstance(text, str) else _STATUSES[text.status]
        for text in said
        if text not in ("A", "B", "C")
    )


def test_a_reject_tells_who_said_what_about_which(court: Any) -> None:
    result = court.judge(lambda *_: "Both.", limit=1)
    row = result.rejects.row(0, named=True)
    assert (row["subject"], row["field"], row["raw"]) == ("judgments", "outcome", "Both.")
    assert re.fullmatch(
        r"The answer is not one clear choice: m on (p|q)/\w \| \1/\w for overall\. "
        r"the answer is not one of A, B, C",
        row["reason"],
    )


def test_a_tie_is_unreadable_where_none_is_allowed(court: Any) -> None:
    assert court.rules(court.judge(lambda *_: "C", ties=False)) == ["unreadable-verdict"] * 8


def test_probabilities_are_scores_where_the_server_offers_them(court: Any) -> None:
    result = court.judge(lambda *_: scripted_answer("A", alternatives=_ODDS))
    for row in result.tables["judgments"].to_dicts():
        assert row["scores"] == pytest.approx([0.731058579, 0.268941421])
        assert (row["scale_min"], row["scale_max"]) == (0.0, 1.0)
        shares = json.loads(row["raw"])["shares"]
        assert shares == pytest.approx({"A": 0.731058579, "B": 0.268941421, "C": 0.0})
    unknown = court.judge().tables["judgments"]
    assert unknown["scores"].null_count() == unknown["scale_min"].null_count() == 8


def test_odds_of_a_letter_that_is_not_the_verdict_are_not_taken(court: Any) -> None:
    odds = ((("a", -0.1), ("B", -3.0)),)
    result = court.judge(lambda *_: scripted_answer("a clear case: [[B]]", alternatives=odds))
    assert result.tables["judgments"]["scores"].null_count() == 8


def test_a_verdict_below_the_confidence_asked_for_is_a_reject(court: Any) -> None:
    sure = scripted_answer("A", alternatives=_ODDS)
    assert court.rules(court.judge(lambda *_: sure, min_confidence=0.7)) == []
    assert court.rules(court.judge(lambda *_: sure, min_confidence=0.8)) == ["low-confidence"] * 8
    assert court.rules(court.judge(min_confidence=0.7)) == ["unknown-confidence"] * 8


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        ('{"reasons": "It says more.", "verdict": "A"}', "It says more."),
        ('```json\n{"reasons": "So.", "verdict": "A"}\n```', "So."),
        ('{"reasons": ["So."], "verdict": "A"}', '{"reasons": ["So."], "verdict": "A"}'),
        ("It is shorter.\nVerdict: A", "It is shorter.\nVerdict: A"),
    ],
)
def test_reasons_become_the_comment(court: Any, text: str, comment: str) -> None:
    judgments = court.judge(lambda *_: text, reasoning="before").tables["judgments"]
    assert set(judgments["comment"]) == {comment}
    assert set(judgments["raw_values"].list.first()) == {"A"}
