"""History: commits of all tables at once, time travel, tags, rollback, and the way back."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from prefdata.catalog import Catalog
from prefdata.core.errors import ConflictError, SetupError, UnknownNameError, UserError
from prefdata.testing.rows import prompt_rows as prompts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.create(tmp_path / "w")


def _put(catalog: Catalog, source: str, n: int, **more: str) -> str:
    with catalog.write() as write:
        write.put("prompts", (source,), prompts(source, n, **more))
        return write.commit(f"put {n} of {source}").name


def _count(catalog: Catalog, at: str | None = None) -> dict[str, int]:
    query = "SELECT source, count(*) FROM prompts GROUP BY source"
    return dict(catalog.sql(query, at=at).fetchall())


def test_a_new_catalog_holds_nothing(catalog: Catalog) -> None:
    assert _count(catalog) == {}
    assert [s.message for s in catalog.history()] == ["init"]


def test_a_put_replaces_its_source_and_leaves_the_others(catalog: Catalog) -> None:
    _put(catalog, "a", 3)
    _put(catalog, "b", 2)
    _put(catalog, "a", 5)
    assert _count(catalog) == {"a": 5, "b": 2}


def test_older_snapshots_stay_readable_by_name_number_and_tag(catalog: Catalog) -> None:
    first = _put(catalog, "a", 3)
    catalog.tag("before")
    _put(catalog, "a", 5)
    assert _count(catalog, at=first[:8]) == {"a": 3}
    assert _count(catalog, at="#1") == {"a": 3}
    assert _count(catalog, at="before") == {"a": 3}
    assert _count(catalog) == {"a": 5}


def test_equal_content_has_an_equal_name_in_another_catalog(
    catalog: Catalog, tmp_path: Path
) -> None:
    other = Catalog.create(tmp_path / "other")
    _put(catalog, "a", 3)
    _put(catalog, "b", 2)
    _put(other, "b", 2)
    _put(other, "a", 4)
    _put(other, "a", 3)
    assert catalog.head().name == other.head().name


def test_a_rollback_brings_the_content_back_and_keeps_the_history(catalog: Catalog) -> None:
    first = _put(catalog, "a", 3)
    _put(catalog, "a", 5)
    _put(catalog, "b", 1)
    back = catalog.rollback("#1")
    assert back.name == first
    assert _count(catalog) == {"a": 3}
    assert [s.number for s in catalog.history()] == [0, 1, 2, 3, 4]


def test_a_write_that_is_left_changes_nothing(catalog: Catalog) -> None:
    with catalog.write() as write:
        write.put("prompts", ("a",), prompts("a", 3))
    assert _count(catalog) == {}
    with pytest.raises(UnknownNameError), catalog.write() as write:
        write.put("promts", ("a",), prompts("a", 3))
    assert _count(catalog) == {}


def test_writers_of_different_sources_both_win(catalog: Catalog) -> None:
    with catalog.write() as one, catalog.write() as two:
        one.put("prompts", ("a",), prompts("a", 3))
        two.put("prompts", ("b",), prompts("b", 2))
        one.commit("one")
        two.commit("two")
    assert _count(catalog) == {"a": 3, "b": 2}


def test_the_second_writer_of_a_source_is_told_who_won(catalog: Catalog) -> None:
    with catalog.write() as one, catalog.write() as two:
        one.put("prompts", ("a",), prompts("a", 3))
        two.put("prompts", ("a",), prompts("a", 2))
        one.commit("the first")
        with pytest.raises(ConflictError, match="the first"):
            two.commit("the second")
    assert _count(catalog) == {"a": 3}


def test_the_same_change_twice_is_no_conflict(catalog: Catalog) -> None:
    with catalog.write() as one, catalog.write() as two:
        for write in (one, two):
            write.put("prompts", ("a",), prompts("a", 3))
        assert one.commit("one").name == two.commit("two").name


def test_a_change_of_what_was_read_is_a_conflict(catalog: Catalog) -> None:
    _put(catalog, "a", 3)
    with catalog.write() as write:
        write.read("prompts", ("a",))
        write.put("prompts", ("b",), prompts("b", 2))
        _put(catalog, "a", 4)
        with pytest.raises(ConflictError, match="put 4 of a"):
            write.commit("built on three")


def test_a_tag_is_given_once_and_can_be_removed(catalog: Catalog) -> None:
    _put(catalog, "a", 1)
    catalog.tag("v1")
    # Whoever was killed at the end of it may say it again.
    catalog.tag("v1")
    _put(catalog, "a", 2)
    with pytest.raises(UserError, match="exists"):
        catalog.tag("v1")
    catalog.untag("v1")
    with pytest.raises(UnknownNameError):
        catalog.snapshot("v1")
    with pytest.raises(UnknownNameError):
        catalog.untag("v1")
    with pytest.raises(UserError, match="cannot be a tag"):
        catalog.tag("#3")


def test_an_unknown_snapshot_lists_the_known(catalog: Catalog) -> None:
    with pytest.raises(UnknownNameError, match="nothing-like-it"):
        catalog.snapshot("nothing-like-it")


def test_iceberg_says_the_same_as_the_log(catalog: Catalog) -> None:
    _put(catalog, "a", 3)
    _put(catalog, "b", 2)
    _put(catalog, "a", 5)
    rows = catalog.iceberg_table("prompts").scan().to_arrow()
    assert rows.num_rows == 7
    assert catalog.iceberg_table("prompts").scan(row_filter="source = 'b'").to_arrow().num_rows == 2


def test_scan_reads_one_source_of_one_snapshot(catalog: Catalog) -> None:
    _put(catalog, "a", 3)
    old = catalog.head()
    _put(catalog, "a", 4)
    _put(catalog, "b", 2)
    assert catalog.scan("prompts", ("a",)).collect().height == 4
    assert catalog.scan("prompts", ("a",), at=old).collect().height == 3
    assert catalog.scan("responses").collect().height == 0


def test_opening_a_folder_with_settings_only_makes_the_catalog(tmp_path: Path) -> None:
    from prefdata.catalog import Workspace

    Workspace.create(tmp_path / "w")
    assert Catalog.open(tmp_path / "w").head().number == 0


def test_a_copy_is_read_and_refuses_every_write_at_its_beginning(
    catalog: Catalog, tmp_path: Path
) -> None:
    _put(catalog, "a", 3)
    copy = Catalog.open(shutil.copytree(catalog.workspace.root, tmp_path / "copy"))
    assert _count(copy) == {"a": 3}
    with pytest.raises(SetupError, match="moved or copied") as caught:
        copy.write()
    assert str(caught.value.where).startswith(catalog.workspace.warehouse.as_uri())
    with pytest.raises(SetupError, match="moved or copied"):
        copy.rollback("#0")
    _put(catalog, "a", 2)
    assert (_count(catalog), _count(copy)) == ({"a": 2}, {"a": 3})


def test_a_copy_of_settings_does_not_write_into_the_catalog_that_they_name(
    catalog: Catalog, tmp_path: Path
) -> None:
    _put(catalog, "a", 3)
    (tmp_path / "copy").mkdir()
    settings = f'[catalog]\nuri = "{catalog.workspace.uri}"\nwarehouse = "warehouse"\n'
    (tmp_path / "copy" / "prefdata.toml").write_text(settings)
    with pytest.raises(SetupError, match="moved or copied"):
        Catalog.open(tmp_path / "copy").write()


def test_a_link_that_is_left_at_the_old_place_does_not_make_a_moved_catalog_writable(
    tmp_path: Path,
) -> None:
    _put(Catalog.create(tmp_path / "old"), "a", 3)
    (tmp_path / "old").rename(tmp_path / "new")
    (tmp_path / "old").symlink_to(tmp_path / "new")
    for place in ("old", "new"):
        moved = Catalog.open(tmp_path / place)
        assert _count(moved) == {"a": 3}
        with pytest.raises(SetupError, match="moved or copied"):
            moved.write()


@pytest.mark.parametrize("name", ["two words", "50%", "schön"])
def test_a_catalog_is_written_whatever_its_folder_is_called_and_by_a_link(
    name: str, tmp_path: Path
) -> None:
    _put(Catalog.create(tmp_path / name), "a", 3)
    (tmp_path / "link").symlink_to(tmp_path / name)
    for place, n in ((name, 2), ("link", 4)):
        catalog = Catalog.open(tmp_path / place)
        _put(catalog, "a", n)
        assert _count(catalog) == {"a": n}
