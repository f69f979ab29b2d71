"""The stage as recipes see it: whom it asks, what it writes, and what it does not ask twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from prefdata.catalog import Catalog
from prefdata.core.errors import DataError, InternalError
from prefdata.protocols import Context, Outside, RawFile
from prefdata.recipes import Recipe
from prefdata.runner import ingest, price, run
from prefdata.stages.propose_principles import ProposePrinciples, propose_principles
from prefdata.testing.chat_server import ChatServer
from prefdata.testing.rule_model import RULES, RuleModel
from prefdata.testing.rule_world import rule_pairs, rule_tables
from prefdata.testing.scripted_chat import ScriptedChat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.core.events import Event

__all__: list[str] = []

_N = 24
_RULES = {said for rule in RULES for said in (*rule.more, *rule.less)}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"variants": ["neutral", "neutral"]}, "one of the variants is named twice"),
        ({"pairs": ["a", "a"]}, "one of the pairs is named twice"),
        ({"variants": "kind"}, "Input should be"),
        ({"variants": []}, "at least 1 item"),
        ({"train_share": 0}, "greater than 0"),
    ],
)
def test_parameters_that_say_nothing_are_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ProposePrinciples.model_validate({"model": "m", **params})


def test_what_is_named_outside_is_known_to_the_runner() -> None:
    made = ProposePrinciples.model_validate({"model": "m", "pairs": "mine", "embedder": "lexical"})
    assert made.outside() == Outside(models=(made.model, made.embedder), steps=("mine",))  # type: ignore[arg-type]
    assert made.model_copy(update={"embedder": None}).outside().models == (made.model,)
    nobody = ProposePrinciples.model_validate({"model": "none", "embedder": "none"})
    assert (nobody.model, nobody.embedder, nobody.outside()) == (None, None, Outside())


def test_a_recipe_can_do_without_a_model(build: Any) -> None:
    chat = ScriptedChat(lambda *_: "")
    params = ProposePrinciples.model_validate({"model": "none"})
    result = propose_principles.run(build.lazy(), params, Context(step="propose", chat=chat))
    assert (result.tables, result.rows_in, chat.asked) == ({}, 0, [])
    assert result.notes == ("no model is named, so no principle is proposed",)


def test_without_a_place_for_answers_or_vectors_the_stage_does_not_run(build: Any) -> None:
    params = ProposePrinciples.model_validate({"model": "m"})
    with pytest.raises(InternalError, match="no place for answers"):
        propose_principles.run(build.lazy(), params, Context())
    with pytest.raises(InternalError, match="no place for vectors"):
        propose_principles.run(build.lazy(), params, Context(chat=ScriptedChat(lambda *_: "")))


def test_a_model_that_proposes_nothing_ends_the_run() -> None:
    tables = rule_tables(rule_pairs(3, {"long": 1.0}))
    params = ProposePrinciples.model_validate({"model": "m", "embedder": None, "train_share": 1})
    context = Context(step="propose", chat=ScriptedChat(lambda *_: "Both are fine."))
    with pytest.raises(DataError, match=r"no principle in 24 answers: unreadable-principles 24"):
        propose_principles.run(tables, params, context)


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    """A model that knows rules, and makes a mistake now and then."""
    with ChatServer(RuleModel(garbage=0.1)) as server:
        yield server


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Pairs of which the shorter response, or that with an apology, was chosen."""
    folder = tmp_path_factory.mktemp("propose")
    catalog = Catalog.create(folder / "w")
    rows: list[dict[str, Any]] = [
        {
            "prompt": f"Question {n}?",
            "chosen": f"Sorry, it is {n}.",
            "rejected": f"It is {n}, or so{'!' * n}",
        }
        for n in range(_N)
    ]
    rows.append({"prompt": "Empty?", "chosen": "Not at all.", "rejected": " "})
    rows.append({"prompt": "长", "chosen": "好" * 200_000, "rejected": "不好"})
    path = folder / "toy.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    ingest(catalog, "trl", [RawFile(path, path.name)], params={"name": "toy"})
    return catalog


@pytest.fixture(scope="module")
def recipe(server: ChatServer) -> Recipe:
    """Make pairs, and have the model propose."""
    model = {
        "model": "rules",
        "base_url": server.base_url,
        "server": "scripted",
        "price": {"input": 1, "output": 2},
    }
    params = {"model": model, "embedder": None, "train_share": 1, "n_pairs": 20}
    return Recipe.model_validate(
        {
            "name": "proposed",
            "steps": ["make-pairs", {"stage": "propose-principles", "params": params}],
        }
    )


def test_what_is_answered_is_not_asked_again_and_the_price_was_known(
    catalog: Catalog, recipe: Recipe, server: ChatServer
) -> None:
    (line,) = price(catalog, recipe)
    assert (line.purpose, line.n_requests, line.n_known) == ("propose-principles", 160, 0)
    assert server.log.n_received == 0
    events: list[Event] = []
    done = run(catalog, recipe, report=events.append)
    (step,) = [step for step in done.steps if step.step == "propose-principles"]
    assert step.rows_in == step.rows_out + step.rejected == 160
    assert step.rejected < 10
    n_asked = server.log.n_received
    assert n_asked > 160  # Garbage is asked for again.
    answers = catalog.scan("answers").select("prompt_tokens", "completion_tokens").collect()
    billed = sum(asked + 2 * said for asked, said in answers.iter_rows())
    assert line.cost == pytest.approx(billed / 1e6, rel=0.3)
    _sees_the_rules(catalog)

    again = run(catalog, recipe, is_forced=True)
    assert server.log.n_received == n_asked
    assert again.snapshot.name == done.snapshot.name
    assert price(catalog, recipe) == []


def _sees_the_rules(catalog: Catalog) -> None:
    proposals = catalog.scan("proposals").collect()
    assert proposals["comparison_id"].n_unique() == 20
    assert set(proposals["variant"]) == {"neutral", "bad-trait", "specific", "general"}
    assert proposals["is_swapped"].n_unique() == 2
    principles = catalog.scan("principles").collect().sort("position")
    assert principles["position"].to_list() == list(range(principles.height))
    assert principles["n_proposals"].is_sorted(descending=True)
    assert principles["n_proposals"].sum() == proposals.height
    assert set(principles["principle_id"]) == set(proposals["principle_id"])
    rests = principles["sentence"].str.strip_prefix("Select the response that ")
    assert set(rests.head(4)) <= _RULES
    # The rules that hold are named, and their opposites are not.
    assert {"apologises", "says that it is sorry"} & set(rests)
    assert not {"does not apologise", "is longer"} & set(rests)
