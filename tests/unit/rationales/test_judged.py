"""A judge's answers come to what the checks say, in both orders, and an unread one to nothing."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.protocols import ChatParams
from prefdata.rationales.judged import Judge, JudgeLimits, has_failed, run_model_checks
from prefdata.rationales.judged.asking import Opinion, ask
from prefdata.rationales.judged.claims import points
from prefdata.rationales.judged.grounding import as_p_and_q, labelled
from prefdata.testing.scripted_chat import ScriptedChat, scripted_answer

if TYPE_CHECKING:
    from prefdata.protocols import ChatAnswer, ChatRequest

__all__: list[str] = []

_JUDGE = ChatParams(model="judge", rereads=0)
_TEXT = "X names the river, and Y does not."


def _rows(*texts: str | None, preferred: str = "x", kind: str = "general") -> pl.DataFrame:
    n = len(texts)
    return pl.DataFrame(
        {
            "rationale_id": [f"r{i}" for i in range(n)],
            "source": ["toy"] * n,
            "pair_id": [f"pair{i}" for i in range(n)],
            "prompt_id": [f"prompt{i}" for i in range(n)],
            "kind": [kind] * n,
            "text": texts,
            "language": ["en"] * n,
            "x_text": ["the x-ray of the Rhine"] * n,
            "y_text": ["something else"] * n,
            "prompt_text": ["Which river?"] * n,
            "preferred": [preferred] * n,
            "finish_reason": ["stop"] * n,
            "status": ["ok"] * n,
        }
    )


def _judge(say: Any, **more: Any) -> tuple[Judge, ScriptedChat]:
    chat = ScriptedChat(say)
    return Judge(chat, _JUDGE, "gate", **more), chat


def _found(outcomes: pl.DataFrame) -> dict[str, tuple[Any, ...]]:
    return {r["check_name"]: (r["value"], r["is_passed"]) for r in outcomes.to_dicts()}


def _run(say: Any, *checks: str, rows: pl.DataFrame | None = None, **more: Any) -> pl.DataFrame:
    judge, _ = _judge(say)
    limits = JudgeLimits(**more)
    return run_model_checks(_rows(_TEXT) if rows is None else rows, checks, judge, limits)


def _ask(judge: Judge, choices: str = "XY") -> list[Opinion]:
    question = ({"role": "user", "content": "?"},)
    return ask([question], tuple(choices), judge, purpose="test", expected=choices[0])


def _odds(**shares: float) -> ChatAnswer:
    likeliest = max(shares, key=lambda name: shares[name])
    alternatives = tuple((name, math.log(share)) for name, share in shares.items())
    return scripted_answer(likeliest, alternatives=(alternatives,))


def _part(request: ChatRequest, label: str) -> str:
    """Return what stands in the fence under a label."""
    found = re.search(
        rf"^{re.escape(label)}:\n<<<begin \w+>>>\n(.*?)\n<<<end \w+>>>$",
        request.messages[-1]["content"],
        re.DOTALL | re.MULTILINE,
    )
    return found[1] if found else ""


def _sees_truth(request: ChatRequest, purpose: str) -> str:
    """Judge by the word ``Rhine``, which is in the response that the texts favour."""
    del purpose
    return "A" if "Rhine" in _part(request, "Response A") else "B"


def test_stance_is_the_probability_of_the_labelled_handle() -> None:
    found = _run(lambda *_: _odds(X=0.7, Y=0.2, N=0.1), "stance")
    assert _found(found) == {"stance": (pytest.approx(0.7), True)}
    other = _run(lambda *_: _odds(X=0.7, Y=0.2, N=0.1), "stance", rows=_rows("a", preferred="y"))
    assert _found(other) == {"stance": (pytest.approx(0.2), False)}


def test_a_rationale_that_favours_neither_fails() -> None:
    found = _run(lambda *_: "N", "stance")
    assert _found(found) == {"stance": (0.0, False)}
    assert found["detail"].to_list() == ["favours neither"]


def test_the_judge_of_stance_sees_nothing_but_the_rationale() -> None:
    judge, chat = _judge(lambda *_: "X")
    run_model_checks(_rows(_TEXT), ["stance"], judge, JudgeLimits())
    (request,) = (request for _, request in chat.asked)
    said = " ".join(message["content"] for message in request.messages)
    assert _part(request, "Note") == _TEXT
    assert "Rhine" not in said
    assert "Which river?" not in said


def test_grounding_names_the_labelled_response_p_in_both_orders() -> None:
    judge, chat = _judge(_sees_truth)
    found = run_model_checks(_rows(_TEXT), ["grounding", "order-gap"], judge, JudgeLimits())
    assert _found(found) == {"grounding": (1.0, True), "order-gap": (0.0, True)}
    first, second = (request for _, request in chat.asked)
    assert _part(first, "Response A") == _part(second, "Response B") == "the x-ray of the Rhine"
    assert _part(first, "Note") == _part(second, "Note") == "P names the river, and Q does not."
    y = run_model_checks(_rows(_TEXT, preferred="y"), ["grounding"], judge, JudgeLimits())
    assert _found(y) == {"grounding": (0.0, False)}


@pytest.mark.parametrize(
    ("first", "second", "is_grounded", "is_even"),
    [
        (0.9, 0.9, True, True),
        (0.9, 0.6, True, True),
        (0.95, 0.55, True, False),
        (0.99, 0.5, False, False),
        (0.69, 0.69, False, True),
        (0.7, 0.7, True, True),
    ],
)
def test_grounding_needs_both_orders_and_the_mean(
    first: float, second: float, *, is_grounded: bool, is_even: bool
) -> None:
    def say(request: ChatRequest, _: str) -> ChatAnswer:
        is_first = "Rhine" in _part(request, "Response A")
        right = first if is_first else second
        return _odds(A=right, B=1 - right) if is_first else _odds(B=right, A=1 - right)

    found = _found(_run(say, "grounding", "order-gap"))
    assert found["grounding"] == (pytest.approx((first + second) / 2), is_grounded)
    assert found["order-gap"] == (pytest.approx(abs(first - second)), is_even)


def test_the_limits_are_parameters() -> None:
    def say(request: ChatRequest, _: str) -> ChatAnswer:
        right = 0.6 if "Rhine" in _part(request, "Response A") else 0.4
        return _odds(A=right, B=1 - right)

    assert not _run(say, "grounding")["is_passed"].any()
    assert _run(say, "grounding", grounding_mean=0.6)["is_passed"].all()
    assert not _run(say, "grounding", grounding_mean=0.6, grounding_each=0.6)["is_passed"].any()


def test_a_judge_that_always_says_a_is_seen_by_the_other_order() -> None:
    found = _found(_run(lambda *_: "A", "grounding", "order-gap"))
    assert found == {"grounding": (0.5, False), "order-gap": (1.0, False)}


def test_an_answer_that_cannot_be_read_is_no_verdict() -> None:
    found = _run(lambda *_: "Well, X perhaps", "stance")
    assert _found(found) == {"stance": (None, None)}
    assert "unreadable" in found["detail"][0]
    assert found.filter(has_failed(JudgeLimits())).height == 1
    assert found.filter(has_failed(JudgeLimits(unsure="pass"))).is_empty()
    unread = _run(lambda *_: scripted_answer(None, status="filtered"), "grounding", "order-gap")
    assert unread["is_passed"].null_count() == 2


def test_what_failed_is_not_sent_to_the_next_check() -> None:
    judge, chat = _judge(lambda *_: "X")
    rows = _rows(_TEXT, _TEXT).with_columns(preferred=pl.Series(["x", "y"]))
    run_model_checks(rows, ["stance", "grounding"], judge, JudgeLimits())
    asked = [purpose for purpose, _ in chat.asked]
    assert asked.count("grounding") == 2
    judge, chat = _judge(lambda *_: "Y")
    run_model_checks(rows, ["stance", "grounding"], judge, JudgeLimits(), is_thorough=True)
    assert [purpose for purpose, _ in chat.asked].count("grounding") == 4


def test_both_orders_and_rationales_of_one_prompt_are_next_to_each_other() -> None:
    judge, chat = _judge(_sees_truth)
    rows = _rows(*(f"{_TEXT} {i}" for i in range(4)))
    rows = rows.with_columns(prompt_text=pl.Series(["p0", "p1", "p0", "p1"]))
    rows = rows.with_columns(prompt_id=pl.col("prompt_text"))
    run_model_checks(rows, ["grounding"], judge, JudgeLimits())
    prompts = [_part(request, "Prompt") for _, request in chat.asked]
    assert prompts == ["p0"] * 4 + ["p1"] * 4
    notes = [_part(request, "Note") for _, request in chat.asked]
    assert notes[::2] == notes[1::2]


def test_samples_stand_for_probabilities_where_the_server_gives_none() -> None:
    def say(request: ChatRequest, _: str) -> str:
        return "Y" if request.sample in {1, 2} else "X"

    judge, chat = _judge(say, samples=4, seed=7)
    (opinion,) = ask(
        [({"role": "user", "content": "?"},)], ("X", "Y"), judge, purpose="test", expected="X"
    )
    assert opinion.shares == {"X": 0.5, "Y": 0.5}
    assert opinion.verdict == "X"  # Of equal shares what it says without chance.
    assert [request.sample for _, request in chat.asked] == [0, 1, 2, 3, 4]
    assert all(request.temperature > 0 for _, request in chat.asked[1:])
    judge, chat = _judge(lambda *_: _odds(X=0.9, Y=0.1), samples=4)
    _ask(judge)
    assert len(chat.asked) == 1


def test_the_words_count_where_the_odds_are_of_another_letter() -> None:
    odds = ((("A", -0.1), ("B", -3.0)), (("verdict", 0.0),))
    said = scripted_answer("A reader may doubt.\nVerdict: B", alternatives=odds)
    judge, _ = _judge(lambda *_: said)
    (opinion,) = ask(
        [({"role": "user", "content": "?"},)], ("A", "B"), judge, purpose="test", expected="A"
    )
    assert opinion.shares == {"A": 0.0, "B": 1.0}


def test_gain_is_the_mean_over_both_orders_and_never_fails() -> None:
    def say(request: ChatRequest, _: str) -> ChatAnswer:
        right = 0.8 if _part(request, "Note") else 0.5
        is_first = "Rhine" in _part(request, "Response A")
        return _odds(A=right, B=1 - right) if is_first else _odds(B=right, A=1 - right)

    found = _run(say, "gain")
    assert _found(found) == {"gain": (pytest.approx(math.log(0.8 / 0.5)), None)}
    assert found.filter(has_failed(JudgeLimits())).is_empty()
    useless = _run(lambda *_: _odds(A=0.5, B=0.5), "gain")
    assert useless["detail"].to_list() == ["adds nothing for this judge"]


def test_a_pair_whose_opposite_convinces_as_much_fails_the_flip_check() -> None:
    rows = _rows("X is right about the river, Y is not.", "X is a fine text, Y is not.")
    flipped = rows.with_columns(
        text=pl.Series(["Y is right, X is not.", "Y is a fine text, X is not."]),
        preferred=pl.lit("y"),
    )

    def say(request: ChatRequest, _: str) -> ChatAnswer:
        note = _part(request, "Note")
        # Convinced of the right one by the first rationale only; by any that praises a fine text.
        is_first = "Rhine" in _part(request, "Response A")
        favoured = "A" if is_first else "B"
        if "fine" in note and "Q is" in note.partition(",")[0]:
            favoured = "B" if is_first else "A"
        if note == "P is a fine text, Q is not.":
            return _odds(A=0.5, B=0.5)
        share = 0.9
        return _odds(**{favoured: share, "AB".replace(favoured, ""): 1 - share})

    judge, _ = _judge(say)
    found = run_model_checks(rows, ["flip"], judge, JudgeLimits(), flipped=lambda _: flipped)
    clear, ambiguous = found.to_dicts()
    assert (clear["value"], clear["is_passed"]) == (pytest.approx(math.log(0.9 / 0.1)), True)
    assert (ambiguous["value"], ambiguous["is_passed"]) == (pytest.approx(0.0), False)
    none = run_model_checks(rows, ["flip"], judge, JudgeLimits(), flipped=pl.DataFrame.clear)
    assert none["is_passed"].null_count() == 2
    assert none.filter(has_failed(JudgeLimits())).is_empty()


def test_the_flip_check_needs_somebody_who_writes() -> None:
    with pytest.raises(ValueError, match="opposite label"):
        _run(lambda *_: "A", "flip")


def test_points_are_the_sentences_on_one_response() -> None:
    text = (
        'X says "the Rhine." and is right. Y is 3.5 pages long! X beats Y here. It is late.\nX ends'
    )
    assert points(text) == [
        ("X", 'X says "the Rhine." and is right.'),
        ("Y", "Y is 3.5 pages long!"),
        ("X", "X ends"),
    ]
    wide = "X\u56de\u7b54\u4e86\u3002Y\u6ca1\u6709\u3002"
    assert [handle for handle, _ in points(wide)] == ["X", "Y"]


def test_claims_are_checked_against_the_response_they_name() -> None:
    rows = _rows("X names the Rhine. Y names the Elbe. X beats Y.", kind="specific")

    def say(request: ChatRequest, _: str) -> str:
        return "S" if "Rhine" in _part(request, "Response X") else "F"

    found = _run(say, "claims", rows=rows)
    assert _found(found) == {"claims": (0.5, False)}
    assert found["detail"].to_list() == ["not borne out: Y names the Elbe."]
    assert _run(say, "claims", rows=rows, claims_share=0.5)["is_passed"].all()
    assert _run(say, "claims", rows=_rows("X names the Rhine.")).is_empty()  # Not specific.
    unread = _run(lambda *_: "?", "claims", rows=rows)
    assert unread["is_passed"].to_list() == [None]


@given(st.permutations(range(5)))
def test_the_order_of_rows_changes_nothing(order: list[int]) -> None:
    rows = _rows(*(f"{_TEXT} Reason {i}." for i in range(5)), kind="specific")
    checks = ["stance", "grounding", "order-gap", "claims", "gain"]

    def say(request: ChatRequest, purpose: str) -> str:
        is_odd = len(request.messages[-1]["content"]) % 3
        return {"stance": "XYN", "claims": "SFU"}.get(purpose, "ABA")[is_odd]

    straight = _run(say, *checks, rows=rows)
    shuffled = _run(say, *checks, rows=rows[list(order)])
    assert straight.equals(shuffled)


def test_handles_become_p_and_q_by_the_label() -> None:
    rows = pl.concat([_rows(_TEXT), _rows(_TEXT, preferred="y")])
    assert as_p_and_q(rows).to_list() == [
        "P names the river, and Q does not.",
        "Q names the river, and P does not.",
    ]
    assert labelled("x") == ("A", "B")
    assert labelled("y") == ("B", "A")


def test_an_estimate_goes_on_with_what_a_sound_rationale_would_get() -> None:
    """A stand-in that failed a check would leave the requests of the next one out."""
    rows = _rows(_TEXT, "Y is better than X.", kind="specific")
    rows = rows.with_columns(preferred=pl.Series(["x", "y"]))
    checks = ["stance", "grounding", "order-gap", "claims"]
    judge, _ = _judge(lambda request, _: request.stand_in)
    found = run_model_checks(rows, checks, judge, JudgeLimits())
    assert found["is_passed"].all()
    judge, _ = _judge(lambda request, _: request.stand_in)
    swapped = rows.with_columns(favours=pl.lit("y"))
    found = run_model_checks(swapped, ["stance"], judge, JudgeLimits())
    assert found["is_passed"].to_list() == [False, True]
