"""Tasks of a small plan, and a catalog that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.annotation.tasks import make_tasks
from prefdata.catalog import Catalog
from prefdata.testing.labelling import put_plan

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """A catalog with a plan of 8 tasks in two batches, 16 judgments; only to be read."""
    catalog = Catalog.create(tmp_path_factory.mktemp("planned") / "w")
    put_plan(catalog)
    return catalog


@pytest.fixture(scope="module")
def routes(planned: Catalog) -> pl.DataFrame:
    return planned.scan("routes").filter(pl.col("n_votes") > 0).collect()


@pytest.fixture(scope="module")
def tasks(planned: Catalog, routes: pl.DataFrame) -> pl.DataFrame:
    return make_tasks(routes, planned.scan("prompts"), planned.scan("responses"))


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.create(tmp_path / "w")
