"""Exactly as many pairs are flagged as was asked for, each once, and none in silence."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prefdata.core.errors import DataError
from prefdata.protocols import Context
from prefdata.schema import check, conform, polars_schema, table_schema
from prefdata.stages.filter_displacement import FilterDisplacement, filter_displacement

__all__: list[str] = []

_Row = dict[str, Any]


def _frame(table: str, rows: list[_Row]) -> pl.LazyFrame:
    contract = table_schema(table)
    given_rows = pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame()
    if not rows:
        return pl.LazyFrame(schema=polars_schema(contract))
    missing = [n for n in contract.column_names if n not in given_rows.columns]
    full = given_rows.with_columns(pl.lit(None).alias(name) for name in missing)
    return conform(full, contract).lazy()


def _run(rows: list[_Row], **params: Any) -> pl.DataFrame:
    """Flag pairs, each given as pair_id, score, and what else a test wants."""
    pairs = [
        {
            "pair_id": r["pair_id"],
            "source": r.get("source", "toy"),
            "prompt_id": f"{r.get('language', 'en')}-prompt",
            "aspect": r.get("aspect", "overall"),
            "stage": "make-pairs",
        }
        for r in rows
    ]
    scores = [
        {
            "pair_id": r["pair_id"],
            "source": r.get("source", "toy"),
            "status": r.get("status", "ok"),
            "detail": r.get("detail"),
            "ln_ches": r["score"],
            "ches": -(r["score"] or 0),
            "scorer": r.get("scorer", "one"),
            "model": "m",
            "stage": "score-ches",
        }
        for r in rows
        if r.get("status") != "missing"
    ]
    prompts = [{"prompt_id": f"{n}-prompt", "language": n} for n in ("en", "de")]
    tables = {
        "pairs": _frame("pairs", pairs),
        "scores": _frame("scores", scores),
        "prompts": _frame("prompts", prompts),
    }
    result = filter_displacement.run(tables, FilterDisplacement(**params), Context())
    assert result.rows_in == result.rows_out == len(rows)
    flags = result.tables["flags"]
    contract = table_schema("flags")
    full = conform(flags.with_columns(stage=pl.lit("s")), contract)
    assert check(full, contract).rejects.is_empty()
    assert flags["id"].is_unique().all()
    assert flags["reason"].is_not_null().all()
    return flags


def _rows(*scores: float) -> list[_Row]:
    return [{"pair_id": f"p{i:04}", "score": score} for i, score in enumerate(scores)]


def test_the_paper_keeps_19_of_370() -> None:
    flags = _run(_rows(*(float((i * 3) % 370) for i in range(370))), keep_lowest=0.05)
    assert flags.height == 351
    assert flags["value"].min() == 19
    assert flags["reason"].unique().to_list() == [
        "ln_ches is above 18, the highest that is kept (keep_lowest 0.05: 19 of 370)"
    ]


@pytest.mark.parametrize(
    ("amount", "n", "kept"), [(0.1, 30, 3), (0.3, 10, 3), (0.07, 100, 7), (5, 3, 3), (0.001, 3, 1)]
)
def test_a_fraction_is_taken_as_it_is_written(amount: float, n: int, kept: int) -> None:
    assert n - _run(_rows(*range(n)), keep_lowest=amount).height == kept


@given(
    scores=st.lists(st.integers(-3, 3).map(float), max_size=40),
    amount=st.one_of(st.integers(1, 50), st.floats(0.01, 0.99).map(lambda x: round(x, 2))),
    is_kept=st.booleans(),
)
def test_the_count_is_exact_and_no_flagged_pair_is_below_a_kept_one(
    scores: list[float], amount: float, *, is_kept: bool
) -> None:
    rows = _rows(*scores)
    flags = _run(rows, **{"keep_lowest" if is_kept else "drop_highest": amount})
    n = len(rows)
    wanted = amount if isinstance(amount, int) else math.ceil(Fraction(str(amount)) * n)
    wanted = min(int(wanted), n)
    assert flags.height == (n - wanted if is_kept else wanted)
    order = sorted(rows, key=lambda r: (r["score"], r["pair_id"]))
    assert sorted(flags["id"]) == sorted(r["pair_id"] for r in order[n - flags.height :])
    assert _run(rows[::-1], **{"keep_lowest" if is_kept else "drop_highest": amount}).equals(flags)


def test_what_has_no_rank_is_flagged_with_its_reason() -> None:
    rows: list[_Row] = [
        {"pair_id": "a", "score": -2.0},
        {"pair_id": "b", "score": -1.0, "status": "truncated"},
        {"pair_id": "c", "score": 0.0, "status": "identical_responses"},
        {"pair_id": "d", "score": -9.0, "status": "empty_chosen"},
        {"pair_id": "e", "score": None, "status": "too_long", "detail": "It is long."},
        {"pair_id": "f", "score": None, "status": "missing"},
    ]
    flags = _run(rows, keep_lowest=1)
    told = {
        i: (flag, reason) for i, flag, reason in flags.select("id", "flag", "reason").iter_rows()
    }
    assert told.pop("b")[0] == "displacement"
    assert told == {
        "c": ("identical-responses", "equal in tokens"),
        "d": ("displacement-unranked", "no rank, status empty_chosen"),
        "e": ("displacement-unranked", "no rank, status too_long: It is long."),
        "f": ("displacement-unranked", "no rank, status not scored"),
    }


def test_groups_are_ranked_apart() -> None:
    rows: list[_Row] = [
        {"pair_id": f"{s}{lang}{i}", "source": s, "language": lang, "score": i + 10.0 * (s == "x")}
        for s in "xy"
        for lang in ("en", "de")
        for i in range(4)
    ]
    flags = _run(rows, keep_lowest=0.5, group_by=["source"])
    assert flags["source"].value_counts()["count"].to_list() == [4, 4]
    flags = _run(rows, drop_highest=1, group_by=["source", "language"])
    assert sorted(flags["id"]) == ["xde3", "xen3", "yde3", "yen3"]
    assert "in source x, language de" in flags.filter(pl.col("id") == "xde3")["reason"][0]


def test_another_score_may_rank() -> None:
    assert _run(_rows(1, 2, 3), by="ches", drop_highest=1)["id"].to_list() == ["p0000"]


def test_scores_of_two_models_are_refused() -> None:
    rows = _rows(1, 2)
    rows[1]["scorer"] = "two"
    with pytest.raises(DataError, match="2 models or ways of reading"):
        _run(rows, keep_lowest=1)


@pytest.mark.parametrize(
    "params",
    [{}, {"keep_lowest": 1, "drop_highest": 1}, {"keep_lowest": 0}, {"keep_lowest": 1.5},
     {"keep_lowest": True}, {"drop_highest": -0.1}],
)  # fmt: skip
def test_an_amount_must_be_given_and_mean_something(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FilterDisplacement(**params)
