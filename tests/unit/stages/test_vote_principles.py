"""The stage as recipes see it: whom it asks what, what it makes of it, and what it asks no more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.constitution.ballots import FAILED, INCONSISTENT, NOT_APPLICABLE, read_ballots
from prefdata.constitution.voting.reading import CODES
from prefdata.core.errors import DataError, InternalError, UserError
from prefdata.protocols import Context, Outside, StageResult
from prefdata.schema import check, conform, table_schema
from prefdata.stages.vote_principles import VotePrinciples, vote_principles
from prefdata.testing.rule_model import RULES, RuleModel, rule_model
from prefdata.testing.rule_world import rule_pairs, rule_tables
from prefdata.testing.scripted_chat import ScriptedChat

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_GIVEN = tuple(rule.sentence(is_more=is_more) for rule in RULES for is_more in (True, False))
_N = 30


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.LazyFrame]:
    """Comparisons of responses, and no principles."""
    return rule_tables(rule_pairs(_N, {"apology": -1.0}))


def _params(**given: Any) -> VotePrinciples:
    return VotePrinciples.model_validate({"model": "m", "given": _GIVEN, **given})


def _vote(
    tables: dict[str, pl.LazyFrame], chat: ScriptedChat, step: str = "vote", **given: Any
) -> StageResult:
    return vote_principles.run(
        tables, _params(**given), Context(source="toy", step=step, chat=chat)
    )


def _with(
    tables: dict[str, pl.LazyFrame], result: StageResult, step: str
) -> dict[str, pl.LazyFrame]:
    """Return tables with what a step wrote, as the runner would."""
    written = {
        name: conform(
            frame.with_columns(source=pl.lit("toy"), stage=pl.lit(step)), table_schema(name)
        )
        for name, frame in result.tables.items()
    }
    for name, frame in written.items():
        assert check(frame, table_schema(name)).rejects.is_empty()
    more = {name: pl.concat([tables[name], frame.lazy()]) for name, frame in written.items()}
    return {**tables, **more}


def _votes(tables: dict[str, pl.LazyFrame], result: StageResult) -> Any:
    return read_ballots(_with(tables, result, "v"), pairs=["make-pairs"], votes=["v"])


# --- parameters ---------------------------------------------------------------------------------


def test_what_is_named_outside_is_known_to_the_runner() -> None:
    made = _params(
        principles="mine", known="pilot", reference="factors", constitution="rules.yaml", pairs="p"
    )
    outside = Outside((made.model,), ("rules.yaml",), steps=("mine", "p", "pilot", "factors"))  # type: ignore[arg-type]
    assert made.outside() == outside
    nobody = _params(model="none", limit="none", constitution="none", reference="none")
    assert (nobody.model, nobody.limit, nobody.outside()) == (None, None, Outside())


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"given": ["Be kind", " ."]}, "a principle without words"),
        ({"standard": "standard-0"}, "Input should be"),
        ({"max_failed": 2}, "less than or equal to 1"),
        ({"per_request": 0}, "greater than or equal to 1"),
        ({"pairs": []}, "at least 1 item"),
    ],
)
def test_parameters_that_say_nothing_are_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _params(**params)


def test_a_recipe_can_do_without_a_model_without_principles_and_without_pairs(tables: Any) -> None:
    chat = ScriptedChat(rule_model.script)
    empty = {name: frame.clear() for name, frame in tables.items()}
    cases = (
        (_vote(tables, chat, model="none"), "no model is named, so nobody votes on principles"),
        (_vote(tables, chat, given=()), "there are no principles to vote on"),
        (_vote(empty, chat), "there are no comparisons to vote on"),
    )
    for result, note in cases:
        assert (result.tables, result.rows_in, result.notes) == ({}, 0, (note,))
    assert chat.asked == []
    with pytest.raises(InternalError, match="no place for answers"):
        vote_principles.run(tables, _params(), Context())


# --- votes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("both_orders", [True, False])
def test_votes_are_those_of_the_model(tables: Any, both_orders: bool) -> None:
    chat = ScriptedChat(rule_model.script)
    result = _vote(tables, chat, both_orders=both_orders, per_request=5)
    assert len(chat.asked) == _N * 3 * (2 if both_orders else 1)
    assert (result.rows_in, result.rows_out) == (_N, _N)
    found = _votes(tables, result)
    texts = dict(tables["responses"].select("response_id", "text").collect().iter_rows())
    for row, (a, b) in enumerate(
        found.comparisons.select("response_a_id", "response_b_id").iter_rows()
    ):
        expected = [CODES[rule_model.vote(said, texts[a], texts[b])] for said in _GIVEN]
        assert found.votes[row].tolist() == expected
    votes = result.tables["votes"]
    assert votes["voter"].unique().to_list() == [f"m@{votes['voter'][0].partition('@')[2]}"]
    told = "the vote is the same in both orders in 100.0%" if both_orders else "in one order"
    assert any(told in note for note in result.notes)


def test_a_model_that_goes_by_the_place_has_no_votes(tables: Any) -> None:
    chat = ScriptedChat(RuleModel(first=1.0).script)
    result = _vote(tables, chat)
    assert set(_votes(tables, result).votes.ravel().tolist()) == {INCONSISTENT}
    assert any("100.0% of" in note and "shown first" in note for note in result.notes)


def test_nothing_is_asked_about_empty_and_equal_responses() -> None:
    rows = [
        {"prompt": "p", "chosen": "Yes.", "rejected": "Yes. "},
        {"prompt": "q", "chosen": "Yes.", "rejected": ""},
        {"prompt": "r", "chosen": "Yes!", "rejected": "No."},
    ]
    tables, chat = rule_tables(rows), ScriptedChat(rule_model.script)
    result = _vote(tables, chat)
    assert len(chat.asked) == 2
    prompts = result.tables["votes"].sort("prompt_id")["votes"].to_list()
    assert prompts[0] == [0] * len(_GIVEN)
    assert prompts[1] == [None] * len(_GIVEN)
    assert {1, -1} <= set(prompts[2])
    assert result.notes[1] == (
        "nothing is asked about 1 comparisons with an empty response and 1 of the same words"
    )


def test_standard_and_written_principles_are_voted_on_too(tables: Any, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(json.dumps([RULES[1].sentence(), "Select the response that is kind"]))
    context = Context(
        source="toy",
        step="v",
        chat=ScriptedChat(rule_model.script),
        files={"rules.yaml": path},
    )
    params = _params(constitution="rules.yaml", standard="standard-1", limit=3)
    result = vote_principles.run(tables, params, context)
    names = result.tables["principles"]["name"].to_list()
    # The principle that was given is not there twice.
    assert names[: len(_GIVEN) + 1] == [None] * (len(_GIVEN) + 1)
    assert len(names) > len(_GIVEN) + 20
    assert all(names[len(_GIVEN) + 1 :])
    assert (result.tables["votes"]["votes"].list.len() == len(names)).all()
    path.write_text("- a: b")
    with pytest.raises(UserError, match="principles 1"):
        vote_principles.run(tables, params, context)


# --- what goes wrong ----------------------------------------------------------------------------


def test_too_much_that_failed_is_an_error_and_more_retries_ask_for_that_alone(tables: Any) -> None:
    chat = ScriptedChat(RuleModel(garbage=0.5).script)
    given: dict[str, Any] = {"model": {"model": "m", "rereads": 0}, "per_request": 4}
    with pytest.raises(DataError, match=r"votes of m failed \(\d\d\.\d%\); 1\.0% may") as caught:
        _vote(tables, chat, retries=1, **given)
    assert "Raise `retries` (now 1)" in str(caught.value.fix)
    chat = ScriptedChat(RuleModel(garbage=0.5).script)
    with pytest.raises(DataError, match=r"Its answers: ok \d+, unreadable \d+"):
        _vote(tables, chat, retries=0, **given)
    n = len(chat.asked)
    assert n == _N * 3 * 2
    lenient = _vote(tables, chat, retries=0, max_failed=1, **given)
    found = _votes(tables, lenient).votes
    assert len(chat.asked) == n  # all known
    n_failed = int((found == FAILED).sum())
    share = f"{n_failed:,} votes failed ({n_failed / found.size:.2%})"
    assert share in lenient.notes
    assert any("in the end unreadable" in note for note in lenient.notes)
    # A failure is none of the other codes, and what did not fail is right.
    right = _votes(tables, _vote(tables, ScriptedChat(rule_model.script))).votes
    assert 0.5 * found.size < n_failed < found.size
    assert ((found == right) | (found == FAILED)).all()
    whole = _vote(tables, chat, retries=12, **given)
    assert (_votes(tables, whole).votes == right).all()
    again = [request for _, request in chat.asked[n:]]
    assert all(request.sample and request.temperature for request in again)
    assert len(again) < 2 * n


def test_a_model_that_talks_in_prose_is_an_error_and_no_vote(tables: Any) -> None:
    chat = ScriptedChat(lambda *_: "A is better, I think.")
    with pytest.raises(DataError, match=r"360 of 360 votes of m failed"):
        _vote(tables, chat)
    result = _vote(tables, chat, max_failed=1)
    assert set(_votes(tables, result).votes.ravel().tolist()) == {FAILED}


def test_an_answer_to_another_list_is_none(tables: Any) -> None:
    """Twelve principles in lists of ten: the second is answered with two votes, 11 and 12."""

    def second(request: Any, purpose: str) -> str:
        del purpose
        first = "from 1 to 10." in request.messages[1]["content"]
        return json.dumps({"votes": {"11": "A", "12": "A"}} if first or request else {})

    result = _vote(tables, ScriptedChat(second), per_request=10, max_failed=1)
    votes = _votes(tables, result).votes
    assert (votes[:, :10] == FAILED).all()
    assert (votes[:, 10:] == INCONSISTENT).all()


# --- what is not asked again --------------------------------------------------------------------


def test_one_more_principle_changes_few_requests(tables: Any) -> None:
    chat = ScriptedChat(rule_model.script)
    few = _vote(tables, chat, per_request=5)
    n = len(chat.asked)
    more = _vote(tables, chat, per_request=5, given=(*_GIVEN, "Select the response that is kind"))
    # The third list of three has a third principle now.
    assert len(chat.asked) - n == _N * 2 == n // 3
    before, after = (result.tables["votes"]["votes"] for result in (few, more))
    assert before.equals(after.list.head(len(_GIVEN)))
    _vote(tables, chat, per_request=5, limit=7)
    assert len(chat.asked) - n == _N * 2


def test_votes_of_a_pilot_are_taken_over_and_those_of_another_model_are_not(tables: Any) -> None:
    chat = ScriptedChat(rule_model.script)
    pilot = _vote(tables, chat, "pilot", limit=10, given=_GIVEN[:8])
    seen = _with(tables, pilot, "pilot")
    n = len(chat.asked)
    assert n == 10 * 2
    full = _vote(seen, chat, known="pilot")
    # Ten comparisons lack four principles, twenty lack all twelve.
    assert len(chat.asked) - n == _N * 2
    sizes = [request.max_tokens for _, request in chat.asked[n:]]
    assert sorted(map(sizes.count, set(sizes))) == [20, 40]
    alone = _vote(tables, ScriptedChat(rule_model.script))
    assert full.tables["votes"].equals(alone.tables["votes"])
    assert full.notes[0].endswith("280 votes asked for, 80 known without")
    other = _vote(seen, chat, known="pilot", model="another")
    assert other.notes[0].endswith("360 votes asked for, 0 known without")


def test_the_same_words_are_asked_about_once(tables: Any) -> None:
    chat = ScriptedChat(rule_model.script)
    other = tables["pairs"].with_columns(
        aspect=pl.lit("style"), pair_id=pl.col("pair_id") + "/style"
    )
    result = _vote({**tables, "pairs": pl.concat([tables["pairs"], other])}, chat)
    assert result.rows_in == 2 * _N
    assert len(chat.asked) == 2 * _N  # one for each order


def test_the_order_of_rows_and_the_seed_of_the_list_change_no_vote(tables: Any) -> None:
    straight = _vote(tables, ScriptedChat(rule_model.script))
    turned = {name: frame.reverse() for name, frame in tables.items()}
    chat = ScriptedChat(rule_model.script)
    backwards = _vote(turned, chat)
    for name, frame in straight.tables.items():
        assert frame.equals(backwards.tables[name])
    n = len(chat.asked)
    context = Context(seed=1, source="toy", step="v", chat=chat)
    other = vote_principles.run(tables, _params(), context)
    # Another seed lists the principles in another order, which asks anew.
    assert len(chat.asked) == 2 * n
    assert other.tables["votes"].equals(straight.tables["votes"])


def test_agreement_with_computed_votes_is_told(tables: Any) -> None:
    computed = _with(tables, _vote(tables, ScriptedChat(rule_model.script)), "factors")
    result = _vote(computed, ScriptedChat(RuleModel(first=0.4).script), reference="factors")
    (told,) = [note for note in result.notes if "kappa" in note]
    # No response is a list, so nothing can be said of those two.
    assert told.startswith("principles that are computed too: 10")
    assert NOT_APPLICABLE in _votes(tables, result).votes
