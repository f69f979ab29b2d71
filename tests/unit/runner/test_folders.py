"""A folder is whole or not there, and nothing of others is replaced."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prefdata.core.errors import RecipeError, SetupError
from prefdata.core.fingerprint import file_digest
from prefdata.runner.folders import prepare_folder, refuse_foreign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__: list[str] = []

_NOBODY = 2**31 - 1
"""No process has this number."""


def _fill(text: str) -> Callable[[Path], list[Path]]:
    def fill(folder: Path) -> list[Path]:
        (folder / "deep").mkdir()
        (folder / "deep" / "a.txt").write_text(text)
        return [folder / "deep" / "a.txt"]

    return fill


def test_nothing_is_there_before_it_is_published(tmp_path: Path) -> None:
    place = tmp_path / "new" / "out"
    pending = prepare_folder(place, "report", _fill("one"), note="n", where="test")
    assert not place.exists()
    pending.publish()
    assert (place / "deep" / "a.txt").read_text() == "one"
    assert pending.digests == {"deep/a.txt": file_digest(place / "deep" / "a.txt")}
    assert [path.name for path in place.parent.iterdir()] == ["out"]


def test_what_was_written_before_is_replaced_whole(tmp_path: Path) -> None:
    def fill(folder: Path) -> list[Path]:
        (folder / "other.txt").touch()
        return [folder / "other.txt"]

    prepare_folder(tmp_path / "out", "report", _fill("one"), note="n", where="test").publish()
    prepare_folder(tmp_path / "out", "report", fill, note="n", where="test").publish()
    assert not (tmp_path / "out" / "deep").exists()


def test_what_somebody_put_there_later_is_not_replaced(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "out", "report", _fill("one"), note="n", where="test").publish()
    (tmp_path / "out" / "checkpoint-1").mkdir()
    with pytest.raises(RecipeError, match="after the report was written: checkpoint-1") as caught:
        prepare_folder(tmp_path / "out", "report", _fill("two"), note="n", where="test")
    assert "Move it elsewhere" in str(caught.value)
    assert (tmp_path / "out" / "deep" / "a.txt").read_text() == "one"


def test_a_mark_without_a_list_is_of_an_older_version(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "out", "report", _fill("one"), note="n", where="test").publish()
    (tmp_path / "out" / ".prefdata-report").write_text("written by prefdata: n\n")
    prepare_folder(tmp_path / "out", "report", _fill("two"), note="n", where="test").publish()
    assert (tmp_path / "out" / "deep" / "a.txt").read_text() == "two"


def test_what_is_discarded_leaves_what_was_there(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "out", "report", _fill("one"), note="n", where="test").publish()
    prepare_folder(tmp_path / "out", "report", _fill("two"), note="n", where="test").discard()
    assert (tmp_path / "out" / "deep" / "a.txt").read_text() == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", ["export", "report"])
def test_only_a_folder_of_the_same_kind_is_replaced(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    refuse_foreign(out, kind, where="test")  # An empty folder is nobody's.
    prepare_folder(out, kind, _fill("one"), note="n", where="test").publish()
    refuse_foreign(out, kind, where="test")
    other = "report" if kind == "export" else "export"
    with pytest.raises(RecipeError, match=f"no {other} wrote"):
        prepare_folder(out, other, _fill("two"), note="n", where="test")
    assert (out / "deep" / "a.txt").read_text() == "one"


def test_a_file_in_the_place_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(RecipeError, match="no report wrote"):
        prepare_folder(tmp_path / "out", "report", _fill("one"), note="n", where="test")


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="cannot be written"):
        prepare_folder(tmp_path / "file" / "out", "report", _fill("one"), note="n", where="test")


def test_a_failure_while_writing_leaves_nothing(tmp_path: Path) -> None:
    def fails(folder: Path) -> list[Path]:
        (folder / "half").touch()
        message = "on purpose"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="on purpose"):
        prepare_folder(tmp_path / "out", "report", fails, note="n", where="test")
    assert not list(tmp_path.iterdir())


def test_only_old_leftovers_of_killed_writers_are_removed(tmp_path: Path) -> None:
    old, young = tmp_path / f".out.old-{_NOBODY}", tmp_path / f".out.part-{_NOBODY}"
    for folder in (old, young):
        folder.mkdir()
    os.utime(old, (1, 1))
    prepare_folder(tmp_path / "out", "report", _fill("one"), note="n", where="test").discard()
    assert not old.exists()
    assert young.exists()
