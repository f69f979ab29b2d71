"""Every pair gets a row with a status; equal tokens are computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from prefdata.displacement.score import MEASURES, score_shard

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


def _score(toy: Any, made: Any) -> pl.DataFrame:
    rows = score_shard(toy.model, made.pairs, made.prompts, made.responses)
    assert rows.select(made.pairs.columns).equals(made.pairs)
    assert dict(rows.select(*MEASURES).schema) == MEASURES
    return rows


def test_the_score_is_that_of_the_definition(toy: Any, texts: Callable[..., Any]) -> None:
    row = _score(toy, texts(("ab", "cde", "fg"))).row(0, named=True)

    def states(response: str) -> np.ndarray:
        tokens = [byte % 8 for byte in ("ab" + response).encode()]
        counts = np.array(
            [[tokens[: i + 1].count(k) for k in range(8)] for i in range(len(tokens))]
        )
        return counts[1:].astype(np.float64)  # From the last token of the prompt on.

    pos, neg = states("cde").sum(axis=0), states("fg").sum(axis=0)
    assert (row["n_pos"], row["n_neg"], row["n_prompt"]) == (4, 3, 2)
    assert row["dot"] == pos @ neg
    assert (row["sq_pos"], row["sq_neg"]) == (pos @ pos, neg @ neg)
    assert row["ches"] == pytest.approx(pos @ neg - pos @ pos)
    assert row["ln_ches"] == pytest.approx(pos @ neg / 12 - pos @ pos / 16)
    assert row["last_dot"] == states("cde")[-1] @ states("fg")[-1]
    assert row["edit_distance"] == 1
    assert (row["status"], row["detail"]) == ("ok", None)


def test_every_pair_has_a_status(toy: Any, texts: Callable[..., Any]) -> None:
    toy.model.max_tokens = 10
    made = texts(
        ("ab", "c", "d"),
        ("ab", "c", "c"),
        ("ab", "", "d"),
        ("ab", "c", ""),
        ("ab", "", ""),
        ("ab", "x" * 20, "d"),
        ("ab", "x" * 20, "x" * 30),  # Equal once they are cut.
        ("ab", "c", "several|messages"),
        ("", "c", "d"),
        ("a long prompt", "c", "d"),
    )
    found = _score(toy, made)
    assert found["status"].to_list() == [
        "ok",
        "identical_responses",
        "empty_chosen",
        "empty_rejected",
        "identical_responses",
        "truncated",
        "identical_responses",
        "error",
        "prompt_empty",
        "too_long",
    ]
    is_scored = found["ln_ches"].is_not_null()
    assert is_scored.to_list() == [True] * 7 + [False] * 3
    assert (
        found.filter(~is_scored)
        .select(pl.all_horizontal(pl.col(*MEASURES).exclude("status", "detail").is_null()))
        .to_series()
        .all()
    )
    zero = found.filter(pl.col("status") == "identical_responses")
    assert zero.select("ches", "ln_ches", "relative_ches", "edit_distance").unique().row(0) == (
        0,
        0,
        0,
        0,
    )
    assert found["detail"].drop_nulls().to_list() == ["The response has several messages."]


def test_a_response_is_computed_once_for_all_pairs_of_its_prompt(
    toy: Any, texts: Callable[..., Any]
) -> None:
    made = texts(*(("ab", x, y) for x in "cdef" for y in "cdef" if x < y), ("gh", "c", "d"))
    _score(toy, made)
    assert [len(unit.responses) for unit in toy.model.seen] == [4, 2]
    assert toy.model.tokens_fed == (2 + 4) + (2 + 2)


def test_a_prompt_that_does_not_fit_is_an_error_of_its_pairs_alone(
    toy: Any, texts: Callable[..., Any]
) -> None:
    toy.model.too_large = 12
    found = _score(toy, texts(("ab", "c", "d"), ("ab ab ab ab", "c", "d"), ("gh", "c", "d")))
    assert found["status"].to_list() == ["ok", "error", "ok"]
    assert found["detail"][1] == "It does not fit into memory."
    found = _score(toy, texts(("ab ab ab ab", "c", "d")))
    assert found["status"].to_list() == ["error"]


def test_states_that_overflow_are_errors_and_not_numbers(
    toy: Any, texts: Callable[..., Any]
) -> None:
    toy.model.scale = float("inf")
    with np.errstate(invalid="ignore"):
        found = _score(toy, texts(("ab", "c", "d")))
    assert found["status"].to_list() == ["error"]
    assert "dtype: float32" in found["detail"][0]
    assert found["ches"].to_list() == [None]


def test_no_pairs_give_no_rows(toy: Any, texts: Callable[..., Any]) -> None:
    made = texts(("ab", "c", "d"))
    none = score_shard(toy.model, made.pairs.clear(), made.prompts.clear(), made.responses.clear())
    assert none.is_empty()
    assert toy.model.seen == []
