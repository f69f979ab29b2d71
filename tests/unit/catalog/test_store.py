"""The log of commits: one row a commit, never two of one number, all or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from prefdata.catalog import Catalog, CatalogState
from prefdata.catalog.store import LostRaceError, Store
from prefdata.catalog.workspace import SETTINGS
from prefdata.core.errors import SetupError, WorkspaceError
from prefdata.testing.rows import prompt_rows


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.create(tmp_path / "w")


def test_a_number_is_given_once(catalog: Catalog) -> None:
    store = Store(catalog.workspace)
    store.commit(CatalogState({}), number=1, message="first", run_id=None, moved={})
    with pytest.raises(LostRaceError):
        store.commit(CatalogState({}), number=1, message="second", run_id=None, moved={})
    assert [s.message for s in store.history()] == ["init", "first"]


def test_a_pointer_that_moved_undoes_the_whole_commit(catalog: Catalog) -> None:
    with catalog.write() as write:
        write.put("prompts", ("a",), prompt_rows("a", 1))
        write.commit("one")
    store = Store(catalog.workspace)
    before = store.pointers()
    moved = {"prompts": ("file:///somewhere/else", "file:///new")}
    with pytest.raises(LostRaceError):
        store.commit(CatalogState({}), number=2, message="late", run_id=None, moved=moved)
    assert store.pointers() == before
    assert len(store.history()) == 2


def test_a_damaged_database_is_the_operators_matter(catalog: Catalog) -> None:
    path = Path(catalog.workspace.uri.removeprefix("sqlite:///"))
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 4096)
    with pytest.raises(SetupError, match="cannot be used"):
        Store(catalog.workspace).head()


@pytest.mark.parametrize(
    "uri", ["sqlite:/catalog.db", "sqlite://.catalog.db", "sqlitf:///c.db", "", "oracle://k:w@h/d"]
)
def test_an_address_of_no_database_is_the_settings_matter(catalog: Catalog, uri: str) -> None:
    path = catalog.workspace.root / SETTINGS
    path.write_text(path.read_text().replace("sqlite:///catalog.db", uri))
    with pytest.raises(WorkspaceError, match="no database that can be opened") as told:
        Catalog.open(catalog.workspace.root)
    assert told.value.where == str(path)
    assert "k:w" not in str(told.value), "there may be a password in it"
