"""Made-up scores hold the contract, and depend on the pair alone."""

from __future__ import annotations

import polars as pl
import pytest

from prefdata.schema import check, table_schema
from prefdata.testing.scores import score_rows

__all__: list[str] = []


@pytest.fixture
def responses() -> pl.DataFrame:
    texts = ["word " * (1 + i % 17) for i in range(400)]
    texts[1] = f"{texts[0]} "
    return pl.DataFrame({"response_id": [f"r{i}" for i in range(400)], "text": texts})


@pytest.fixture
def pairs() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "pair_id": [
                f"{i * 0x9E3779B97F4A7C15F39CC0605CEDC834 % (1 << 128):032x}" for i in range(200)
            ],
            "source": ["s"] * 200,
            "chosen_id": [f"r{2 * i}" for i in range(200)],
            "rejected_id": [f"r{2 * i + 1}" for i in range(200)],
        }
    )


def test_the_rows_hold_the_contract(pairs: pl.DataFrame, responses: pl.DataFrame) -> None:
    rows = score_rows(pairs, responses)
    assert rows["pair_id"].equals(pairs["pair_id"])
    assert check(rows, table_schema("scores")).rejects.is_empty()
    assert set(rows["status"]) >= {"ok", "too_long", "identical_responses"}
    assert rows.filter(status="identical_responses")["ches"].to_list() == [0.0]


def test_every_variant_follows_from_the_sums(pairs: pl.DataFrame, responses: pl.DataFrame) -> None:
    rows = score_rows(pairs, responses).drop_nulls("ches")
    ches = rows["dot"] - rows["sq_pos"]
    mean = rows["dot"] / (rows["n_pos"] * rows["n_neg"]) - rows["sq_pos"] / rows["n_pos"] ** 2
    assert (ches - rows["ches"]).abs().max() == 0
    assert (mean - rows["ln_ches"]).abs().max() == pytest.approx(0, abs=1e-9)


def test_the_order_of_rows_does_not_matter(pairs: pl.DataFrame, responses: pl.DataFrame) -> None:
    straight = score_rows(pairs, responses)
    assert score_rows(pairs.reverse(), responses.reverse()).equals(straight.reverse())
