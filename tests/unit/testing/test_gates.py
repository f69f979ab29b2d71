"""Made-up rationales hold the contracts, and depend on the pair alone."""

from __future__ import annotations

import polars as pl
import pytest

from prefdata.schema import check, table_schema
from prefdata.testing.gates import gated_rows

__all__: list[str] = []


@pytest.fixture
def pairs() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "pair_id": [f"p{i}" for i in range(300)],
            "source": ["a", "b", "b"] * 100,
            "prompt_id": [f"q{i}" for i in range(300)],
            "chosen_id": [f"c{i}" for i in range(300)],
            "rejected_id": [f"r{i}" for i in range(300)],
        }
    )


def test_the_rows_hold_the_contracts(pairs: pl.DataFrame) -> None:
    frames = gated_rows(pairs)
    for table, frame in frames.items():
        assert check(frame, table_schema(table)).rejects.is_empty(), table
    gates = frames["rationale_gates"]
    assert gates.height == 300
    assert 0.6 < gates["is_passed"].mean() < 0.9  # type: ignore[operator]
    assert set(gates["failed"].explode().drop_nulls()) > {"no-text", "length"}


def test_a_row_depends_on_its_pair_alone(pairs: pl.DataFrame) -> None:
    alone = gated_rows(pairs.slice(7, 1))["rationales"]
    among = gated_rows(pairs)["rationales"].filter(pl.col("pair_id") == "p7")
    assert alone.equals(among)
