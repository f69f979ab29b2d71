"""Every stage accounts for its rows, is cached, and stands a catalog of nothing and of one row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.recipes import Recipe
from prefdata.registry import names, plugin
from prefdata.runner import run
from prefdata.runner.units import checked_params
from prefdata.testing.causal import write_tiny_causal_lm
from prefdata.testing.chat_server import ChatServer
from prefdata.testing.rule_model import rule_model
from prefdata.testing.stages import EXAMPLE_SOURCES, assert_stage_contract, example_catalog
from prefdata.testing.votes import STEPS, VoteWorld, put_votes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.protocols import Stage

__all__: list[str] = []

_STAGES = names("stage")
# Nothing here needs weights that mean something: they are tested where embedders are.
_LEXICAL = {"model": "lexical"}
_PARAMS: dict[str, dict[str, Any]] = {
    "apply-constitution": {"votes": "factors"},
    "constitution": {"votes": ["factors"], "group_by": ["subset"], "n_bootstraps": 100},
    "embed": _LEXICAL,
    "merge-principles": {"embedder": "lexical"},
    "route": {
        "votes": list(STEPS),
        "judgments": ["judge", "import-labels"],
        "features": "route-features",
        "embedder": "lexical",
        "n_evaluation": 20,
        "min_evaluation": 20,
        "n_seed": 20,
        "min_seed": 20,
    },
    "route-features": {"embedder": "lexical"},
    "topics": _LEXICAL,
    "filter-displacement": {"keep_lowest": 0.5},
}
_ANSWER = "comparison_id,plan_id,choice,annotator,is_swapped\nx,y,a_much,ann,false\n"
_TASKED = "toy"
"""The source with votes of several people on one comparison, and of the AI."""
_TASKS = {"route": (_TASKED,)}
"""Stages that find nothing to do in the examples."""
# Of a few comparisons, as what a model says of more takes time and shows nothing new.
_FEW = {"embedder": "lexical", "n_pairs": 2, "variants": ["neutral"]}
_SOME = {"limit": 3, "reference": "factors"}
_CHATTING: dict[str, Callable[[Any], dict[str, Any]]] = {
    "judge": lambda chat: {"models": chat},
    "propose-principles": lambda chat: {"model": chat} | _FEW,
    "vote-principles": lambda chat: {"model": chat, "principles": "propose-principles"} | _SOME,
    "write-rationales": lambda chat: {"model": chat},
    "gate-rationales": lambda chat: {"judge": chat, "rewrite": {"model": chat}},
}


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal language model with random weights."""
    return write_tiny_causal_lm(tmp_path_factory.mktemp("causal") / "tiny", width=16, layers=1)


@pytest.fixture(scope="module")
def quiz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation set of one question that no source holds."""
    path = tmp_path_factory.mktemp("quiz") / "quiz.jsonl"
    path.write_text(json.dumps({"question": "Which of these four rivers flows to the north?"}))
    return path


@pytest.fixture(scope="module")
def removals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of removals that names no row here."""
    path = tmp_path_factory.mktemp("removals") / "removals.csv"
    path.write_text("subject,id\nprompts,nowhere:1\n")
    return path


@pytest.fixture(scope="module")
def chat() -> Iterator[dict[str, str]]:
    """A chat model: a scripted server, which stands for no real one."""
    with ChatServer(rule_model) as server:
        yield {"model": "colleague", "base_url": server.base_url, "server": "scripted"}


@pytest.fixture
def params(request: pytest.FixtureRequest, name: str) -> dict[str, Any]:
    """The parameters of a stage, as far as it has no defaults that work here."""
    if name == "decontaminate":
        quiz = request.getfixturevalue("quiz")
        return {"evaluations": [{"name": "quiz", "files": str(quiz)}]}
    if name == "audit-trainability":
        return {"tokenizer": str(request.getfixturevalue("causal"))}
    if name == "flag-removals":
        return {"list": str(request.getfixturevalue("removals"))}
    if name == "score-ches":
        return {"model": str(request.getfixturevalue("causal"))}
    if name in _CHATTING:
        return _CHATTING[name](request.getfixturevalue("chat"))
    return _PARAMS.get(name, {})


@pytest.fixture(scope="module")
def catalog(
    tmp_path_factory: pytest.TempPathFactory, causal: Path, chat: dict[str, str]
) -> Catalog:
    """The example, with rows in every table that a stage may read."""
    catalog = example_catalog(tmp_path_factory.mktemp("stages"))
    # An answer from a tool, to a task that nobody handed off.
    answered = catalog.workspace.root / "handoffs"
    answered.mkdir()
    (answered / f"csv-{'0' * 16}.csv").write_text(_ANSWER)
    steps = [
        {"stage": "score-ches", "params": {"model": str(causal)}},
        {"stage": "write-rationales", "params": {"model": chat}},
        "factors",
        {"stage": "propose-principles", "params": {"model": chat} | _FEW},
        {
            "stage": "vote-principles",
            "name": "pilot-votes",
            "params": {"model": chat, "principles": "propose-principles"} | _SOME,
        },
        {"stage": "constitution", "params": _PARAMS["constitution"]},
    ]
    run(catalog, Recipe.model_validate({"name": "before", "steps": steps}))
    put_votes(catalog, VoteWorld(source=_TASKED, n_evaluation=24, n_seed=24, n_pool=24))
    return catalog


@pytest.mark.parametrize("name", _STAGES)
def test_a_stage_accounts_for_its_rows_and_is_cached(
    name: str, catalog: Catalog, params: dict[str, Any]
) -> None:
    step = {"stage": name, "name": f"again-{name}", "params": params}
    recipe = Recipe.model_validate({"name": "contract", "steps": [step]})
    done = run(catalog, recipe)
    assert sum(s.rows_in for s in done.steps) > 0
    for summary in done.steps:
        assert summary.rows_in == summary.rows_out + summary.rejected
    stage: Stage = plugin("stage", name)
    state = catalog.head().state
    keys = {
        (table, key)
        for table in state.tables
        for key in state.table(table).partitions
        if key[1:] == (f"again-{name}",)
    }
    assert {table for table, _ in keys} <= {*stage.writes, "rejects"}
    again = run(catalog, recipe)
    assert all(summary.is_cached for summary in again.steps)
    assert again.snapshot.name == done.snapshot.name
    forced = run(catalog, recipe, is_forced=True)
    assert forced.snapshot.name == done.snapshot.name  # The same inputs give the same bytes.


@pytest.mark.parametrize("name", _STAGES)
def test_a_stage_keeps_the_contract(
    name: str,
    catalog: Catalog,
    params: dict[str, Any],
    quiz: Path,
    removals: Path,
    tmp_path: Path,
) -> None:
    stage: Stage = plugin("stage", name)
    # For one source of the two: a stage that is called for each knows nothing of the other.
    sources = EXAMPLE_SOURCES if stage.scope == "catalog" else EXAMPLE_SOURCES[:1]
    assert_stage_contract(
        stage,
        tmp_path,
        checked_params(stage.params, params, where="test"),
        catalog=catalog,
        sources=_TASKS.get(name, sources),
        files={str(quiz): quiz, str(removals): removals},
    )
