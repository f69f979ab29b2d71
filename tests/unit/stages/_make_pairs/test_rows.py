from __future__ import annotations

import hashlib
from typing import Any

import polars as pl

from prefdata.protocols import Context
from prefdata.schema import check, check_keys, conform, table_schema
from prefdata.stages._make_pairs.rows import REASONS
from prefdata.stages.make_pairs import MakePairs, make_pairs
from prefdata.tables.bundle import REJECT_COLUMNS

__all__: list[str] = []


def _mixed(build: Any) -> None:
    build.prompt("p", "Hi")
    for key in "abc":
        build.response(f"p/{key}", key)
    build.choose("p/x/overall", "ab", "a", strength="much")
    build.rate("p/y/overall", "abc", 1, 2, 2)
    build.judge("p/z/overall", "ab", outcome="tie")


def test_pairs_need_only_source_and_stage_to_keep_their_contract(build: Any) -> None:
    _mixed(build)
    contract = table_schema("pairs")
    for aggregate in ("annotator", "majority"):
        result = make_pairs.run(build.lazy(), MakePairs(aggregate=aggregate), Context())
        pairs = result.tables["pairs"].with_columns(source=pl.lit("toy"), stage=pl.lit("s"))
        checked = check(conform(pairs, contract), contract)
        assert checked.good.height == pairs.height > 0
        assert check_keys(checked.good, contract).rejects.is_empty()


def test_rejects_say_where_they_came_from(build: Any) -> None:
    _mixed(build)
    rejects = make_pairs.run(build.lazy(), MakePairs(), Context()).rejects
    assert rejects is not None
    assert rejects.schema == REJECT_COLUMNS
    assert rejects.to_dicts() == [
        {
            "file": "toy.jsonl",
            "row": 2,
            "subject": "judgments",
            "id": "p/z/overall",
            "field": None,
            "rule": "tie",
            "reason": REASONS["tie"][1],
            "raw": None,
        }
    ]


def test_the_name_of_a_pair_can_be_recomputed(build: Any) -> None:
    _mixed(build)
    pairs = make_pairs.run(build.lazy(), MakePairs(), Context()).tables["pairs"]
    written = b"5:pairs11:p/x/overall3:p/a3:p/b"
    assert pairs["pair_id"][0] == hashlib.sha256(written).hexdigest()[:32]
