"""A made-up plan holds the contracts, whether a router is used or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.schema import check, table_schema
from prefdata.testing.routes import compose_routes, put_routes
from prefdata.testing.votes import VoteWorld, vote_tables

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_WORLD = VoteWorld(n_evaluation=20, n_seed=20, n_pool=60, n_imported=5)


@pytest.mark.parametrize("is_fallback", [False, True])
def test_the_rows_hold_the_contracts(is_fallback: bool) -> None:
    found = compose_routes(vote_tables(_WORLD), is_fallback=is_fallback)
    assert len(found) == 5
    for table, rows in found.items():
        assert rows.height > 0
        assert check(rows, table_schema(table)).rejects.is_empty(), table
    asked = found["routes"].filter(pl.col("n_votes") > 0)
    assert set(asked["router"]) == {"random" if is_fallback else "ensemble"}
    assert found["route_verdicts"]["is_chosen"].any() is not is_fallback
    assert found["route_curves"]["is_chosen"].sum() == 3


def test_a_plan_is_committed_with_its_votes(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "w")
    frames = put_routes(catalog, _WORLD)
    for table in ("pairs", "routes", "annotator_quality"):
        assert catalog.scan(table).collect().height == frames[table].height
