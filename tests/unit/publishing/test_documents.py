"""The documents are written beside the data, which then loads as the card says."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import datasets
import pytest

from prefdata.core.errors import DataError
from prefdata.publishing.documents import DOCUMENTS, write_documents
from prefdata.testing.publication import example_facts, example_rows, staged_example

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("publication")
    facts = staged_example(folder)
    assert [path.name for path in write_documents(folder, facts, existing=None)] == [*DOCUMENTS]
    return folder


def test_the_folder_loads_as_the_card_says(folder: Path, tmp_path: Path) -> None:
    default = datasets.load_dataset(str(folder), cache_dir=str(tmp_path))
    assert {name: part.num_rows for name, part in default.items()} == {"train": 6, "test": 3}
    assert default["train"].to_list() == example_rows(6).to_dicts()
    research = datasets.load_dataset(
        str(folder), "research", split="train", cache_dir=str(tmp_path)
    )
    assert research.num_rows == 3


def test_sha256sum_agrees_with_the_checksums(folder: Path) -> None:
    listed = (folder / "checksums.sha256").read_text(encoding="utf-8").splitlines()
    names = [line.split("  ", 1)[1] for line in listed]
    assert names == sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "checksums.sha256"
    )
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "checksums.sha256"],
        cwd=folder,
        check=False,
        capture_output=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_same_facts_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    facts = staged_example(tmp_path)
    write_documents(tmp_path, facts, existing=card)
    for name in DOCUMENTS:
        assert (
            hashlib.sha256((tmp_path / name).read_bytes()).digest()
            == hashlib.sha256((folder / name).read_bytes()).digest()
        )


def test_no_document_names_the_machine(folder: Path) -> None:
    for name in DOCUMENTS:
        assert str(folder) not in (folder / name).read_text(encoding="utf-8")
        assert b"jane/secret" not in (folder / name).read_bytes()


def test_a_data_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"commercial/train-00000-of-00002\.parquet"):
        write_documents(tmp_path, example_facts(), existing=None)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_card_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    facts = staged_example(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match="no second ---"):
        write_documents(tmp_path, facts, existing="---\na: 1\n")
    assert sorted(tmp_path.rglob("*")) == before
