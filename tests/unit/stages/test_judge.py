"""The stage as recipes see it: its parameters, what it names outside, and a run of the runner."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from prefdata.catalog import Catalog
from prefdata.chat.models import request_id
from prefdata.core.errors import InternalError, UserError
from prefdata.protocols import Context, RawFile, Stage, StageResult
from prefdata.recipes import Recipe
from prefdata.registry import plugin
from prefdata.runner import ingest, run
from prefdata.stages.judge import Judge, judge
from prefdata.testing.scripted_chat import ScriptedChat

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.protocols import ChatRequest

__all__: list[str] = []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"aspects": ["helpfulnes"]}, "did you mean 'helpfulness'"),
        ({"aspects": ["overall", "overall"]}, "named twice"),
        ({"pairs": None}, "a choice needs pairs"),
        ({"min_confidence": 0.5, "protocol": "rating"}, "min_confidence needs"),
        ({"min_confidence": 0.5, "reasoning": "before"}, "min_confidence needs"),
        ({"limit": 0}, "greater than or equal to 1"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(
    params: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Judge.model_validate({"models": "m", **params})


def test_what_is_named_outside_is_known_to_the_runner() -> None:
    made = Judge.model_validate({"models": ["m", {"model": "n"}], "pairs": "mine"})
    assert made.outside().steps == ("mine",)
    assert made.outside().models == made.models
    assert [model.model for model in made.models] == ["m", "n"]
    assert made.reads(judge.reads) == judge.reads
    ratings = Judge.model_validate({"models": "m", "protocol": "rating", "pairs": None})
    assert ratings.outside().steps == ()
    assert ratings.reads(judge.reads) == ("prompts", "responses")


def test_a_recipe_can_do_without_a_judge(build: Any) -> None:
    params = Judge.model_validate({"models": "none", "limit": "none"})
    assert (params.models, params.limit) == ((), None)
    chat = ScriptedChat(lambda *_: "A")
    result = judge.run(build.lazy(), params, Context(source="toy", step="judge", chat=chat))
    assert (result.rows_in, chat.asked) == (0, [])
    assert result.notes


def test_a_judge_is_named_once(build: Any) -> None:
    params = Judge.model_validate({"models": ["m", {"model": "m", "concurrency": 1}]})
    chat = ScriptedChat(lambda *_: "A")
    with pytest.raises(UserError, match="Two of the judges are one: m"):
        judge.run(build.lazy(), params, Context(source="toy", step="judge", chat=chat))


def test_without_a_place_for_answers_the_stage_does_not_run(build: Any) -> None:
    with pytest.raises(InternalError, match="no place for answers"):
        judge.run(build.lazy(), Judge.model_validate({"models": "m"}), Context())


_SERVER = "http://127.0.0.1:9/v1"
_RECIPE: dict[str, Any] = {
    "name": "judged",
    "steps": [
        {"stage": "make-pairs"},
        {"stage": "judge", "params": {"models": {"model": "m", "base_url": _SERVER}}},
        {"stage": "make-pairs", "name": "judged-pairs", "params": {"judgments": "judge"}},
    ],
}


def _biased(request: ChatRequest, _purpose: str) -> str:
    """Choose the response that says yes, or in one of four cases the first."""
    if int(request_id(request)[0], 16) < 4:
        return "A"
    shown = request.messages[1]["content"]
    return "A" if shown.index("\nyes") < shown.index("\nno\n") else "B"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog.create(tmp_path / "w")
    for name, n in (("one", 40), ("two", 3)):
        rows = ({"prompt": f"q {i}?", "chosen": f"yes {i}", "rejected": "no"} for i in range(n))
        path = tmp_path / f"{name}.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)))
        ingest(catalog, "trl", [RawFile(path, path.name)], params={"name": name})
    return catalog


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> ScriptedChat:
    """Answer the judge of all runs by a script, where the runner would give it a server."""
    chat = ScriptedChat(_biased)

    def scripted(tables: Any, params: Any, context: Context) -> StageResult:
        return judge.run(tables, params, dataclasses.replace(context, chat=chat))

    stand_in: Stage = dataclasses.replace(judge, run=scripted)

    def found(kind: Any, name: str, *, where: str | None = None) -> Any:
        return stand_in if name == "judge" else plugin(kind, name, where=where)

    monkeypatch.setattr("prefdata.runner.units.plugin", found)
    return chat


def test_verdicts_are_judgments_of_a_step_and_become_pairs(
    catalog: Catalog, chat: ScriptedChat
) -> None:
    done = run(catalog, Recipe.model_validate(_RECIPE))
    # The rows of the second source are among those of the first, and are asked about once.
    assert len(chat.asked) == 80
    counts = {(step.step, step.source): (step.rows_in, step.rejected) for step in done.steps}
    assert counts["judge", "one"] == (80, 0)
    assert counts["judge", "two"] == (6, 0)
    rows = catalog.sql(
        "SELECT source, stage, count(*) AS n FROM judgments GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    assert rows == [("one", "judge", 80), ("one", None, 40), ("two", "judge", 6), ("two", None, 3)]
    pairs = catalog.sql(
        "SELECT count(*), min(n_votes), max(n_votes), count(judgment_id), "
        "count(DISTINCT annotator_id) FROM pairs WHERE stage = 'judged-pairs' AND source = 'one'"
    ).fetchall()[0]
    # Where the place decided in one of the two orders, there is no pair.
    n_agreed = pairs[0]
    assert 20 < n_agreed < 40
    assert pairs[1:] == (2, 2, 0, 1)
    assert counts["judged-pairs", "one"] == (80, 2 * (40 - n_agreed))
    right = catalog.sql(
        "SELECT bool_and(starts_with(r.text, 'yes')) FROM pairs JOIN responses AS r "
        "ON r.response_id = chosen_id WHERE pairs.stage = 'judged-pairs'"
    ).fetchall()
    assert right == [(True,)]


def test_judgments_of_a_step_are_not_read_as_those_of_the_source(
    catalog: Catalog, chat: ScriptedChat
) -> None:
    run(catalog, Recipe.model_validate(_RECIPE))
    n_asked = len(chat.asked)
    again = run(catalog, Recipe.model_validate({**_RECIPE, "steps": [{"stage": "make-pairs"}]}))
    assert [step.is_cached for step in again.steps] == [True, True]
    assert len(chat.asked) == n_asked
