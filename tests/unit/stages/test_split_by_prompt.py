from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.protocols import Context
from prefdata.schema import check, conform, table_schema
from prefdata.stages.split_by_prompt import SplitByPrompt, split_by_prompt

__all__: list[str] = []


def _split(build: Any, seed: int = 0, **params: Any) -> pl.DataFrame:
    result = split_by_prompt.run(build.lazy(), SplitByPrompt(**params), Context(seed=seed))
    splits = result.tables["splits"]
    assert result.rows_in == result.rows_out == splits.height
    return splits


def _many(build: Any, n: int) -> None:
    for number in range(n):
        build.prompt(f"p{number}", f"Question {number}?", split="test" if number % 2 else None)


def test_the_shares_are_kept(build: Any) -> None:
    _many(build, 4000)
    counts = dict(_split(build)["split"].value_counts().iter_rows())
    # Four standard deviations of a binomial count.
    assert counts["train"] == pytest.approx(3600, abs=4 * 19)
    assert counts["validation"] == pytest.approx(200, abs=4 * 14)
    assert counts["test"] == pytest.approx(200, abs=4 * 14)


def test_the_split_is_where_the_spot_falls(build: Any) -> None:
    _many(build, 200)
    splits = _split(build, shares={"a": 0.5, "none": 0.0, "b": 0.5})
    assert set(splits.filter(pl.col("spot") < 0.5)["split"]) == {"a"}
    assert set(splits.filter(pl.col("spot") >= 0.5)["split"]) == {"b"}


def test_another_seed_is_another_placement(build: Any) -> None:
    _many(build, 200)
    halves = {"a": 0.5, "b": 0.5}
    assert _split(build, shares=halves).equals(_split(build, shares=halves))
    assert not _split(build, shares=halves).equals(_split(build, seed=1, shares=halves))


def test_the_split_of_the_source_can_be_kept(build: Any) -> None:
    _many(build, 10)
    splits = _split(build, shares={"a": 1.0}, respect_source=True)
    assert splits["split"].to_list() == ["a", "test"] * 5


def test_rows_keep_the_contract(build: Any) -> None:
    _many(build, 3)
    contract = table_schema("splits")
    rows = _split(build).with_columns(source=pl.lit("toy"), stage=pl.lit("s"))
    assert check(conform(rows, contract), contract).rejects.is_empty()


@pytest.mark.parametrize(
    "shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": float("nan"), "b": 1.0}]
)
def test_shares_that_leave_prompts_over_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="shares"):
        SplitByPrompt(shares=shares)
