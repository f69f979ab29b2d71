"""A pair tells why it is in or out; a judgment tells why it became no pair."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from prefdata.core.errors import UnknownNameError, UserError
from prefdata.protocols import RawFile
from prefdata.recipes import Recipe
from prefdata.runner import ingest, run, why
from prefdata.testing.gates import put_gated

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog

Put = Callable[..., None]

_STEPS = ["flag-quality", "make-pairs", "split-by-prompt", "select-pairs"]


@pytest.fixture
def ready(catalog: Catalog, tmp_path: Path) -> Catalog:
    lines = [
        {"prompt": "a?", "chosen": "yes", "rejected": "no"},
        {"prompt": "b?", "chosen": "", "rejected": "no"},
        {"prompt": "c?", "chosen": "same", "rejected": "same"},
    ]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    ingest(catalog, "trl", [RawFile(path, "x.jsonl")], params={"name": "a"})
    run(catalog, Recipe.model_validate({"name": "r", "steps": _STEPS}))
    return catalog


def _pair(catalog: Catalog, row: int) -> str:
    rows = catalog.sql("SELECT row, pair_id FROM pairs JOIN prompts USING (prompt_id)").fetchall()
    return str(dict(rows)[row])


def test_a_pair_that_is_in(ready: Catalog) -> None:
    story = why(ready, _pair(ready, 0)[:12])
    assert story.pair is not None
    assert (story.pair["chosen"], story.pair["rejected"]) == ("yes", "no")
    assert story.decisions[0]["is_kept"] is True
    assert story.made_by is not None
    assert story.made_by["stage"] == "make-pairs"
    assert story.splits[0]["stage"] == "split-by-prompt"


def test_a_pair_that_is_out_names_the_flag_and_its_stage(ready: Catalog) -> None:
    story = why(ready, _pair(ready, 1))
    assert story.decisions[0]["reason"] == "flag:empty-response"
    flags = {(flag["subject"], flag["flag"], flag["stage"]) for flag in story.flags}
    assert ("responses", "empty-response", "flag-quality") in flags


def test_a_judgment_without_a_pair_tells_its_rule(ready: Catalog) -> None:
    query = "SELECT judgment_id FROM judgments WHERE row = 2"
    story = why(ready, str(ready.sql(query).fetchall()[0][0]))
    assert story.pair is None
    assert [reject["rule"] for reject in story.rejects] == ["identical-responses"]


def test_what_nobody_knows_and_what_is_ambiguous(ready: Catalog) -> None:
    with pytest.raises(UserError, match="no pair named"):
        why(ready, "zzz")
    with pytest.raises(UnknownNameError, match="single pair"):
        why(ready, "")


def test_a_pair_that_two_steps_made_is_one_pair(ready: Catalog) -> None:
    again = [{"stage": "make-pairs", "name": "again"}]
    run(ready, Recipe.model_validate({"name": "again", "steps": again}))
    pair = _pair(ready, 0)
    story = why(ready, pair)
    assert story.pair is not None
    assert (story.pair["pair_id"], story.pair["stage"]) == (pair, "again")
    with pytest.raises(UnknownNameError, match="single pair"):
        why(ready, "")


def test_rationales_are_told_with_what_the_gate_found(ready: Catalog) -> None:
    pair = _pair(ready, 0)
    assert why(ready, pair).rationales == []
    put_gated(ready)
    told = why(ready, pair).rationales
    found = (
        ready.scan("rationales")
        .filter(pair_id=pair)
        .join(ready.scan("rationale_gates"), on="rationale_id", how="left")
        .collect()
    )
    assert sorted(row["text"] for row in told) == sorted(found["text"])
    assert [row["is_kept"] for row in told].count(True) == found["is_kept"].sum()
    assert all((row["failed"] == []) is bool(row["is_kept"]) for row in told)
    assert {"kind", "origin", "attempt", "status", "preferred", "stage"} <= told[0].keys()
