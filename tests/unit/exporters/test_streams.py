"""Files that are no tables are whole at the end, or not there at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.core.errors import UserError
from prefdata.exporters._streams import by_split, whole_files

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def test_files_have_their_names_when_all_is_written(tmp_path: Path) -> None:
    with whole_files(tmp_path / "out") as files:
        files.file("b/two.json").write(b"2")
        files.file("one.json").write(b"1")
        files.file("b/two.json").write(b"3")
        files.scratch("lines").write(b"kept for a while")
        assert not list((tmp_path / "out").rglob("[!.]*.json"))
    assert [path.relative_to(tmp_path / "out").as_posix() for path in files.paths] == [
        "b/two.json",
        "one.json",
    ]
    assert (tmp_path / "out" / "b" / "two.json").read_bytes() == b"23"
    assert sorted(path.name for path in (tmp_path / "out").rglob("*") if path.is_file()) == [
        "one.json",
        "two.json",
    ]


def test_an_error_leaves_what_was_there_before(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(b"before")

    def fail() -> None:
        with whole_files(tmp_path) as files:
            files.file("one.json").write(b"half")
            files.scratch("lines").write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["one.json"]
    assert (tmp_path / "one.json").read_bytes() == b"before"


def test_scratch_can_be_read_again(tmp_path: Path) -> None:
    with whole_files(tmp_path) as files:
        files.scratch("lines").write(b"a\nb\n")
        files.scratch("lines").seek(0)
        assert files.scratch("lines").readlines() == [b"a\n", b"b\n"]


def test_rows_go_to_their_splits_in_order(pairs: Any) -> None:
    frame = pairs({"split": "test"}, {"split": None}, {"split": "test"}, {})
    parts = [(split, rows["pair_id"].to_list()) for split, rows in by_split(frame)]
    assert parts == [("test", ["pair0", "pair2"]), ("train", ["pair1", "pair3"])]


def test_a_split_that_is_no_name_of_a_file_is_refused(pairs: Any) -> None:
    with pytest.raises(UserError, match="cannot be the name of a file"):
        list(by_split(pairs({"split": "../up"})))
