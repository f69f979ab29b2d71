"""Files on a disk: names as they stand there, in one order, and nothing that is not data."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import FetchError, UserError
from prefdata.fetch.local import is_data, local_files

__all__: list[str] = []


def _make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")


def test_one_file_keeps_its_name(tmp_path: Path) -> None:
    _make(tmp_path, "test.jsonl")
    [raw] = local_files(tmp_path / "test.jsonl")
    assert (raw.name, raw.path, raw.revision) == ("test.jsonl", tmp_path / "test.jsonl", None)


def test_a_file_that_is_named_is_taken_whatever_its_name(tmp_path: Path) -> None:
    _make(tmp_path, "README.md")
    assert [raw.name for raw in local_files(tmp_path / "README.md")] == ["README.md"]


def test_a_folder_gives_its_data_files_sorted_with_relative_names(tmp_path: Path) -> None:
    _make(
        tmp_path,
        *("b/train.jsonl", "b/test.jsonl", "a.csv", "a/b/c.parquet"),
        *("README.md", "notes.md", ".gitattributes", "LICENSE", "README", ".git/config", "b/.x"),
    )
    names = ["a.csv", "a/b/c.parquet", "b/test.jsonl", "b/train.jsonl"]
    assert [raw.name for raw in local_files(tmp_path)] == names


def test_a_folder_may_itself_be_hidden(tmp_path: Path) -> None:
    _make(tmp_path / ".cache", "a.csv")
    assert [raw.name for raw in local_files(tmp_path / ".cache")] == ["a.csv"]


def test_a_link_keeps_its_name_and_gives_the_bytes_it_points_to(tmp_path: Path) -> None:
    _make(tmp_path, "blobs/0f3a", "more/b.csv")
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").symlink_to(tmp_path / "blobs" / "0f3a")
    (data / "sub").symlink_to(tmp_path / "more")
    found = local_files(data)
    assert [raw.name for raw in found] == ["a.csv", "sub/b.csv"]
    assert found[0].path == (tmp_path / "blobs" / "0f3a").resolve()


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    _make(tmp_path, "a.csv")
    (tmp_path / "again").symlink_to(tmp_path)
    assert [raw.name for raw in local_files(tmp_path)] == ["a.csv"]


def test_a_link_to_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to(tmp_path / "gone")
    with pytest.raises(FetchError, match=r"points to nothing: a\.csv"):
        local_files(tmp_path)


def test_a_folder_without_data_is_an_error(tmp_path: Path) -> None:
    _make(tmp_path, "README.md")
    with pytest.raises(UserError, match="no data files"):
        local_files(tmp_path)


def test_a_place_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        local_files(tmp_path / "gone")


@given(st.lists(st.sampled_from(["a", "b.csv", ".c", "README.md", "LICENSE", "d.md"]), min_size=1))
def test_what_is_hidden_or_about_the_data_is_never_data(parts: list[str]) -> None:
    is_plain = not any(part.startswith(".") for part in parts)
    assert is_data("/".join(parts)) == (is_plain and parts[-1] in {"a", "b.csv"})


def test_a_folder_may_be_named_relative_to_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "raw" / "tranche"
    below.mkdir(parents=True)
    (below / "train.jsonl").write_text("{}")
    monkeypatch.chdir(tmp_path)
    (found,) = local_files(Path("raw"))
    assert found.name == "tranche/train.jsonl"
    assert found.path.is_file()
