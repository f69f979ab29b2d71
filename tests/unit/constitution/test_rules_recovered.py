"""Rules that choices were made by are found again by a model that knows rules, and no others.

The model is a scripted one on loopback; it proposes and votes, and a tenth of its answers is not
what was asked for. All else is real: requests, answers, stages and statistics.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.constitution.ballots import FAILED, read_ballots
from prefdata.constitution.effects import measure_effects
from prefdata.protocols import RawFile
from prefdata.recipes import Recipe
from prefdata.runner import ingest, run
from prefdata.testing.chat_server import ChatServer
from prefdata.testing.rule_model import RULES, RuleModel
from prefdata.testing.rule_world import rule_pairs

if TYPE_CHECKING:
    from prefdata.constitution.ballots import Ballots

__all__: list[str] = []

_WEIGHTS = {"apology": -2.0, "question": 1.5}
_N = 130
_TABLES = ("pairs", "annotators", "prompts", "responses", "principles", "votes")


@pytest.fixture(scope="module")
def ballots(tmp_path_factory: pytest.TempPathFactory) -> Ballots:
    """What the model proposed, merged, and voted on."""
    folder = tmp_path_factory.mktemp("rules")
    catalog = Catalog.create(folder / "w")
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rule_pairs(_N, _WEIGHTS, noise=0.05))))
    ingest(catalog, "trl", [RawFile(path, path.name)], params={"name": "toy"})
    with ChatServer(RuleModel(garbage=0.1, first=0.03)) as server:
        chat = {"model": "rules", "base_url": server.base_url, "server": "scripted", "rereads": 0}
        shown = {"n_pairs": 24, "variants": "neutral", "embedder": "none"}
        voting = {"model": chat, "per_request": 40, "max_failed": 0.5}
        pilot = {**voting, "principles": "propose-principles", "limit": 40}
        steps = [
            "make-pairs",
            {"stage": "propose-principles", "params": {"model": chat, **shown}},
            {"stage": "vote-principles", "name": "pilot-votes", "params": pilot},
            {"stage": "merge-principles", "params": {"embedder": "lexical", "reference": None}},
            {"stage": "vote-principles", "params": {**voting, "known": "pilot-votes"}},
        ]
        run(catalog, Recipe.model_validate({"name": "rules", "steps": steps}))
    tables = {name: catalog.scan(name) for name in _TABLES}
    return read_ballots(tables, pairs=["make-pairs"], votes=["vote-principles"])


def _rule(sentence: str) -> tuple[str, int] | None:
    """Return the rule that a sentence is of, and 1 where it asks for more."""
    said = sentence.removeprefix("Select the response that ")
    for rule in RULES:
        if said in rule.more or said in rule.less:
            return rule.name, 1 if said in rule.more else -1
    return None


def test_planted_rules_are_found_with_their_signs_and_nothing_else_is(ballots: Ballots) -> None:
    effects = measure_effects(ballots, n_bootstraps=200, n_flips=999, with_log_odds=False)
    found = ballots.principles.select("principle_id", "sentence").join(effects, on="principle_id")
    rules = [_rule(sentence) for sentence in found["sentence"]]
    held = [
        (rule, row["strength"])
        for rule, row in zip(rules, found.iter_rows(named=True), strict=True)
        if row["status"] == "measured" and row["q"] is not None and row["q"] < 0.1
    ]
    # What is asked for and said is longer; that is in the choices, too.
    assert {rule[0] for rule, _ in held if rule is not None} - {"long"} == set(_WEIGHTS)
    for rule, strength in held:
        assert rule is not None
        if rule[0] in _WEIGHTS:
            assert strength * rule[1] * _WEIGHTS[rule[0]] > 0.1
    unknown = [rule is None for rule in rules]
    assert 0 < sum(unknown) < len(rules)
    assert (ballots.signed[:, unknown] == 0).mean() > 0.9


def test_what_failed_is_counted_and_loses_no_row(ballots: Ballots) -> None:
    assert (ballots.comparisons.height, ballots.n_left_out) == (_N, 0)
    share = (ballots.votes == FAILED).mean()
    # Two orders, and one more time for each: 2 x 0.1 x 0.1.
    assert 0 < share < 0.06
    assert ballots.principles["position"].to_list() == list(range(ballots.principles.height))
    assert ballots.labels.filter(pl.col("y") != 0).height == _N
