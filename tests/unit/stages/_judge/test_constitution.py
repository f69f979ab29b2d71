"""A judge with a constitution goes by its principles, and is another judge."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from prefdata.core.errors import UserError
from prefdata.protocols import Context
from prefdata.stages._judge.criteria import CRITERIA, constitution_criterion, constitution_digest
from prefdata.stages.judge import Judge, judge
from prefdata.testing.scripted_chat import ScriptedChat

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.protocols import StageResult

__all__: list[str] = []

_FILE = "mine.yaml"
_PRINCIPLES = """\
- Select the response that is longer.
- Select the response that
  is kind.
"""


def _judged(court: Any, path: Path, text: str = _PRINCIPLES, **params: Any) -> StageResult:
    path.write_text(text)
    court.chat = ScriptedChat(court.longer)
    context = Context(source="toy", step="judge", chat=court.chat)
    made = Judge.model_validate({"models": "m", "constitution": _FILE, **params})
    return judge.run(court.build.lazy(), made, replace(context, files={_FILE: path}))


def test_the_principles_stand_in_the_place_of_the_criterion(court: Any, tmp_path: Path) -> None:
    result = _judged(court, tmp_path / _FILE)
    assert result.rows_in == result.rows_out == 8
    assert set(result.tables["judgments"]["aspect"]) == {"overall"}
    for request in court.requests:
        asked = request.messages[1]["content"].rpartition("<<<end ")[2]
        assert (
            "1. Select the response that is longer.\n2. Select the response that is kind.\n"
        ) in asked
        assert "Your own opinion" in asked
        assert "apart, neither response is better." in asked
        assert CRITERIA["overall"] not in asked


def test_without_ties_one_is_chosen_all_the_same(court: Any, tmp_path: Path) -> None:
    _judged(court, tmp_path / _FILE, ties=False)
    asked = court.requests[0].messages[1]["content"]
    assert "apart, choose either." in asked
    assert "or C" not in asked


def test_other_principles_are_another_judge(court: Any, tmp_path: Path) -> None:
    plain = court.judge().tables
    mine = _judged(court, tmp_path / _FILE).tables
    same = _judged(court, tmp_path / _FILE, json.dumps({"principles": _sentences()})).tables
    other = _judged(
        court, tmp_path / _FILE, _PRINCIPLES + "- Select the response that rhymes.\n"
    ).tables
    names = [tables["annotators"]["annotator_id"].item() for tables in (plain, mine, same, other)]
    assert len(set(names)) == 3
    assert names[1] == names[2] == f"{names[0]}/{constitution_digest(_sentences())}"
    said = json.loads(mine["annotators"]["raw"].item())
    assert said["constitution"] == names[1].rpartition("/")[2]
    assert "constitution" not in json.loads(plain["annotators"]["raw"].item())
    ids = [set(tables["judgments"]["judgment_id"]) for tables in (plain, mine, other)]
    assert not ids[0] & ids[1]
    assert not ids[1] & ids[2]


def _sentences() -> list[str]:
    return ["Select the response that is longer.", "Select the response that is kind."]


@pytest.mark.parametrize("text", ["verdict: nothing-holds\nwhy: shuffled\n", "principles: [", "{}"])
def test_nobody_judges_by_nothing(court: Any, tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"constitution|principles"):
        _judged(court, tmp_path / _FILE, text)
    assert court.chat.asked == []


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"protocol": "rating"}, "needs protocol: pairwise"),
        ({"aspects": ["overall", "honesty"]}, "answers for one aspect"),
        ({"criteria": {"overall": "Mine."}}, "instead of `criteria`"),
    ],
)
def test_a_constitution_is_the_only_criterion(params: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Judge.model_validate({"models": "m", "constitution": _FILE, **params})


def test_the_file_is_named_outside_and_the_aspect_may_be_any() -> None:
    made = Judge.model_validate({"models": "m", "constitution": _FILE, "aspects": "mine"})
    assert made.outside().files == (_FILE,)
    none = Judge.model_validate({"models": "m", "constitution": "none"})
    assert (none.constitution, none.outside().files) == (None, ())


def test_white_space_does_not_make_another_constitution() -> None:
    one, two = ["a  b\n", "c"], ["a b", "c"]
    assert constitution_digest(one) == constitution_digest(two) != constitution_digest(two[::-1])
    said = [constitution_criterion(given, has_ties=True) for given in (one, two)]
    assert said[0] == said[1]
