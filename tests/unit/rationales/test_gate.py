"""What failed is not asked about again, every fault has its name, and the best one is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.protocols import ChatParams
from prefdata.rationales.checks import CHECK_NAMES, CHECKED
from prefdata.rationales.gate import NO_TEXT, STATUS, Gate, best_of_each, pass_through, undecided
from prefdata.rationales.judged import Judge, JudgeLimits
from prefdata.testing.scripted_chat import ScriptedChat

if TYPE_CHECKING:
    from prefdata.protocols import ChatRequest

__all__: list[str] = []

_GOOD = (
    "X names the river Rhine and says where it flows, which answers the question, while Y only "
    "speaks of weather number {i} and of the colour of the sky."
)
_CHECKS = ("stance", "grounding", "order-gap")


def _rows(*texts: str | None, **more: Any) -> pl.DataFrame:
    rows = [
        {
            "rationale_id": f"r{i}",
            "source": "toy",
            "pair_id": f"pair{i}",
            "prompt_id": f"prompt{i}",
            "kind": "general",
            "text": text,
            "language": "en",
            "x_text": "The Rhine flows through Cologne to the north.",
            "y_text": "It rains on most days and the sky is grey.",
            "prompt_text": "Which river flows through Cologne?",
            "preferred": "x",
            "finish_reason": "stop",
            "status": "ok",
        }
        | more
        for i, text in enumerate(texts)
    ]
    return pl.DataFrame(rows, schema=CHECKED)


def _good(n: int) -> list[str]:
    return [_GOOD.format(i=i) for i in range(n)]


def _judged(*answers: str, unsure: str = "fail") -> tuple[Gate, ScriptedChat]:
    """Return a gate whose judge says X to stance, and these in turn to grounding."""

    def say(request: ChatRequest, purpose: str) -> str:
        if purpose == "stance":
            return "X"
        told = request.messages[-1]["content"]
        return answers[int(told.index("Rhine") > told.index("rains"))]

    chat = ScriptedChat(say)
    judge = Judge(chat, ChatParams(model="judge", rereads=0), "gate")
    limits = JudgeLimits.model_validate({"unsure": unsure})
    return Gate(judge=judge, checks=_CHECKS, judge_limits=limits), chat


def _failed(gate: Gate, rows: pl.DataFrame) -> list[list[str]]:
    failed: list[list[str]] = pass_through(rows, gate).verdicts["failed"].to_list()
    return failed


def test_every_check_writes_what_it_found() -> None:
    gated = pass_through(_rows(*_good(1)), Gate())
    assert set(gated.outcomes["check_name"]) == {STATUS, *CHECK_NAMES}
    (verdict,) = gated.verdicts.to_dicts()
    assert (verdict["is_passed"], verdict["failed"], verdict["grounding"]) == (True, [], None)
    assert "names" not in verdict["abstained"]  # It only reports.


def test_a_rationale_without_a_text_fails_and_has_no_checks() -> None:
    gate, chat = _judged("A", "B")
    gated = pass_through(_rows(None, status="failed"), gate)
    assert gated.outcomes.is_empty()
    (verdict,) = gated.verdicts.to_dicts()
    assert (verdict["is_passed"], verdict["failed"]) == (False, [NO_TEXT])
    assert chat.asked == []


@pytest.mark.parametrize("status", ["cut", "disagrees", "filtered"])
def test_a_text_that_its_writer_does_not_stand_by_fails(status: str) -> None:
    (failed,) = _failed(Gate(), _rows(*_good(1), status=status))
    assert STATUS in failed


def test_the_judge_is_asked_only_about_what_passed_so_far() -> None:
    gate, chat = _judged("A", "B")
    gated = pass_through(_rows(_GOOD.format(i=0), "X is good."), gate)
    assert [purpose for purpose, _ in chat.asked] == ["stance", "grounding", "grounding"]
    assert gated.verdicts["is_passed"].to_list() == [True, False]
    assert gated.verdicts["grounding"].to_list() == [1.0, None]
    pass_through(_rows("X is good."), replace(gate, is_thorough=True))
    assert len(chat.asked) == 6


def test_what_the_judge_could_not_tell_fails_or_passes_by_choice() -> None:
    gate, _ = _judged("A", "neither of them")
    gated = pass_through(_rows(*_good(1)), gate)
    (verdict,) = gated.verdicts.to_dicts()
    assert verdict["failed"] == ["grounding", "order-gap"]
    assert {"grounding", "order-gap"} <= set(verdict["abstained"])
    lenient, _ = _judged("A", "neither of them", unsure="pass")
    assert _failed(lenient, _rows(*_good(1))) == [[]]


def test_texts_that_passed_before_count_where_texts_are_compared() -> None:
    same = "X names the river Rhine and answers the question, while Y speaks of rain and grey sky."
    rows = _rows(same, same, same, same)
    assert _failed(Gate(), rows.head(1)) == [[]]
    gated = pass_through(rows.head(1), Gate(), beside=rows.tail(3))
    assert gated.verdicts["rationale_id"].to_list() == ["r0"]
    assert set(gated.outcomes["rationale_id"]) == {"r0"}
    assert gated.verdicts["failed"].to_list() == [["boilerplate"]]
    ignored = pass_through(rows, Gate(), ignore=["boilerplate"])
    assert ignored.verdicts["is_passed"].all()
    assert "boilerplate" not in set(ignored.outcomes["check_name"])


def _gates(*rows: tuple[str, str, int | None, bool, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={
            "rationale_id": pl.String,
            "pair_id": pl.String,
            "attempt": pl.Int32,
            "is_passed": pl.Boolean,
            "grounding": pl.Float64,
        },
        orient="row",
    ).with_columns(kind=pl.lit("general"))


def test_the_lowest_attempt_then_the_best_grounded_then_the_first_id_is_kept() -> None:
    rows = _gates(
        ("d", "one", 2, True, 1.0),
        ("c", "one", 1, True, 0.8),
        ("b", "one", 1, True, 0.9),
        ("a", "one", 1, False, 1.0),
        ("f", "two", 1, True, None),
        ("e", "two", None, True, None),
        ("g", "three", 1, False, None),
    )
    kept = rows.filter(best_of_each(rows))["rationale_id"]
    assert set(kept) == {"b", "e"}
    other = rows.with_columns(kind=pl.Series(["specific", *["general"] * 6]))
    assert set(other.filter(best_of_each(other))["rationale_id"]) == {"b", "d", "e"}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["one", "two", "three"]),
            st.integers(1, 3),
            st.booleans(),
            st.none() | st.floats(0, 1),
        ),
        max_size=12,
    ).flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(range(len(rows)))))
)
def test_each_pair_that_has_one_that_passed_keeps_exactly_one(drawn: Any) -> None:
    rows, order = drawn
    gates = _gates(*((f"r{i}", *row) for i, row in enumerate(rows)))
    kept = gates.filter(best_of_each(gates))
    assert kept["is_passed"].all()
    assert sorted(kept["pair_id"]) == sorted(set(gates.filter("is_passed")["pair_id"]))
    shuffled = gates[list(order)]
    again = shuffled.filter(best_of_each(shuffled))
    assert sorted(again["rationale_id"]) == sorted(kept["rationale_id"])


def test_a_pair_is_open_while_none_passed_and_it_is_not_ambiguous() -> None:
    rows = _gates(
        ("a", "one", 1, False, None),
        ("b", "one", 2, True, None),
        ("c", "two", 1, False, None),
        ("d", "three", 1, False, None),
    ).with_columns(failed=pl.Series([["length"], [], ["length"], ["flip"]]))
    assert undecided(rows, ["general"])["pair_id"].to_list() == ["two"]
    assert undecided(rows, ["specific"]).is_empty()


def test_a_gate_can_leave_checks_of_its_judge_out() -> None:
    gate, _ = _judged("A", "B")
    assert gate.without("grounding", "gain").checks == ("stance", "order-gap")
