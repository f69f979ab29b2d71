"""The pairs are chosen by the rules that they are said to be chosen by, and are rows of tables."""

from __future__ import annotations

import numpy as np

from prefdata.constitution.labels import read_labelled
from prefdata.schema import check, table_schema
from prefdata.testing.rule_model import RULES
from prefdata.testing.rule_world import rule_pairs, rule_tables

__all__: list[str] = []

_WEIGHTS = {"apology": -2.0, "figures": 1.0}


def test_what_has_weight_is_in_the_choices_and_nothing_else_is() -> None:
    rows = rule_pairs(600, _WEIGHTS, noise=0.1)
    value = {"A": 1, "B": -1}
    strength = {
        rule.name: np.mean([value.get(rule.vote(r["chosen"], r["rejected"]), 0) for r in rows])
        for rule in RULES
    }
    assert strength.pop("apology") < -0.25
    assert strength.pop("figures") > 0.15
    # Twice an apology is longer, and so are figures.
    strength.pop("long")
    assert max(map(abs, strength.values())) < 0.1


def test_more_pairs_keep_those_of_fewer_and_another_seed_has_others() -> None:
    few, more = (rule_pairs(n, _WEIGHTS) for n in (5, 9))
    assert more[:5] == few
    assert rule_pairs(5, _WEIGHTS, seed=1) != few


def test_the_tables_are_those_of_a_catalog() -> None:
    tables = rule_tables(rule_pairs(7, _WEIGHTS))
    for name, frame in tables.items():
        assert check(frame.collect(), table_schema(name)).rejects.is_empty(), name
    labelled = read_labelled(tables, ["make-pairs"])
    assert labelled.comparisons.height == labelled.labels.height == 7
    assert set(labelled.labels["y"].abs()) == {1.0}
