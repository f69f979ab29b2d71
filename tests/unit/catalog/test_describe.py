"""What there is to query says what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.catalog import Catalog
from prefdata.catalog.describe import describe_columns, list_relations, view_summary
from prefdata.catalog.views import shipped_views
from prefdata.core.errors import UnknownNameError
from prefdata.schema import table_names

if TYPE_CHECKING:
    from pathlib import Path


def test_every_table_and_view_is_listed_with_its_meaning(tmp_path: Path) -> None:
    with Catalog.create(tmp_path / "w").session() as session:
        listed = list_relations(session)
        assert {row["name"] for row in listed} == {*table_names(), *shipped_views()}
        assert all(row["what"] for row in listed)
        for row in listed:
            assert describe_columns(session, row["name"])
        with pytest.raises(UnknownNameError, match="table or view"):
            describe_columns(session, "promts")


def test_a_view_without_a_comment_has_no_summary() -> None:
    assert view_summary("SELECT 1") == ""
    assert view_summary("-- What it is.\nSELECT 1") == "What it is."
