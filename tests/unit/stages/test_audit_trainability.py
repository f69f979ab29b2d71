"""Pairs that a trainer would lose are flagged, and select-pairs leaves them out when told so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.protocols import Context
from prefdata.stages.audit_trainability import AuditTrainability, audit_trainability
from prefdata.stages.select_pairs import SelectPairs, select_pairs
from prefdata.testing.causal import write_byte_tokenizer
from prefdata.trainability import FATAL

if TYPE_CHECKING:
    import polars as pl

__all__: list[str] = []


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tokenizer whose tokens are bytes; a prompt has 19 and its words'."""
    return str(write_byte_tokenizer(tmp_path_factory.mktemp("bytes")))


@pytest.fixture
def tables(build: Any) -> dict[str, pl.LazyFrame]:
    texts = {"short": ("Yes.", "No."), "late": ("x" * 30 + "1", "x" * 30 + "2"), "same": ("A", "A")}
    for name, (chosen, rejected) in texts.items():
        build.prompt(name, "Why?")
        build.response(f"{name}/1", chosen)
        build.response(f"{name}/2", rejected)
        row = {"prompt_id": name, "chosen_id": f"{name}/1", "rejected_id": f"{name}/2"}
        build.add("pairs", pair_id=name, **row, stage="make-pairs")
        build.add("pairs", pair_id=f"other-{name}", **row, stage="other")
    return {name: frame.lazy() for name, frame in build.frames().items()}


def test_pairs_of_the_step_are_flagged_and_told_of(
    tables: dict[str, pl.LazyFrame], tokenizer: str
) -> None:
    params = AuditTrainability(tokenizer=tokenizer, max_length=48)
    assert (params.outside().steps, params.outside().models) == (("make-pairs",), (params,))
    result = audit_trainability.run(tables, params, Context())
    assert (result.rows_in, result.rows_out) == (3, 3)
    rows = result.tables["flags"].select("id", "subject", "flag", "value").rows()
    assert rows == [
        ("late", "pairs", "untrainable-identical", 25.0),
        ("same", "pairs", "identical-tokens", 3.0),
    ]
    lost, advice = result.notes
    assert lost == "2 of 3 pairs cannot be trained on (identical-tokens 1, untrainable-identical 1)"
    assert "also_exclude: [identical-tokens, untrainable-identical] in select-pairs" in advice


def test_flagged_pairs_can_be_left_out(tables: dict[str, pl.LazyFrame], tokenizer: str) -> None:
    params = AuditTrainability(tokenizer=tokenizer, max_length=48)
    flags = audit_trainability.run(tables, params, Context()).tables["flags"]
    selecting = SelectPairs(also_exclude=sorted(FATAL))
    decided = select_pairs.run({**tables, "flags": flags.lazy()}, selecting, Context())
    kept = dict(decided.tables["decisions"].select("pair_id", "reason").iter_rows())
    assert kept == {
        "short": None,
        "late": "flag:untrainable-identical",
        "same": "flag:identical-tokens",
    }


def test_where_all_is_well_nothing_is_told(tables: dict[str, pl.LazyFrame], tokenizer: str) -> None:
    params = AuditTrainability(tokenizer=tokenizer, pairs="nobody")
    result = audit_trainability.run(tables, params, Context())
    assert (result.rows_in, result.notes, result.tables["flags"].height) == (0, (), 0)
