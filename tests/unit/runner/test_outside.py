"""What parameters name outside the tables is found, and its content names the step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.core.errors import UnknownNameError, UserError
from prefdata.core.events import silent
from prefdata.protocols import EmbedderParams, Outside, Params
from prefdata.runner.outside import find_outside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prefdata.catalog import Catalog


class _Named(Params):
    files: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    model: str | None = None
    folders: tuple[str, ...] = ()

    def outside(self) -> Outside:
        models = () if self.model is None else (EmbedderParams(model=self.model),)
        return Outside(models, self.files, self.snapshots, folders=self.folders)


def test_a_file_counts_by_its_bytes(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "quiz.jsonl"
    digests = []
    for text in ("one", "two", "one"):
        path.write_text(text)
        found = find_outside(_Named(files=(str(path),)), catalog, silent)
        assert found.files == {str(path): path}
        digests.append(found.digests)
    assert digests[0] == digests[2] != digests[1]


def test_a_folder_of_the_workspace_counts_by_its_files(catalog: Catalog) -> None:
    named = _Named(folders=("inbox",))
    assert find_outside(named, catalog, silent).files == {}
    inbox = catalog.workspace.root / "inbox"
    (inbox / "deeper").mkdir(parents=True)
    for name in ("b.json", "a.json", ".hidden", "deeper/c.json"):
        (inbox / name).write_text(name)
    found = find_outside(named, catalog, silent)
    assert found.files == {"inbox/a.json": inbox / "a.json", "inbox/b.json": inbox / "b.json"}
    (inbox / "a.json").write_text("other")
    assert find_outside(named, catalog, silent).digests != found.digests


def test_a_snapshot_counts_by_its_content(catalog: Catalog, put: Callable[..., None]) -> None:
    put("a", 2)
    catalog.tag("before")
    found = find_outside(_Named(snapshots=("before",)), catalog, silent)
    assert found.digests == {"snapshot:before": catalog.snapshot("before").name}


def test_a_model_counts_by_what_decides_its_vectors(catalog: Catalog) -> None:
    lexical, again, minilm = (
        find_outside(_Named(model=name), catalog, silent).digests.values()
        for name in ("lexical", "lexical", "sentence-transformers/all-MiniLM-L6-v2")
    )
    assert list(lexical) == list(again) != list(minilm)


def test_what_is_not_there_is_told(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        find_outside(_Named(files=(str(tmp_path / "x.jsonl"),)), catalog, silent)
    with pytest.raises(UnknownNameError, match="'nowhere'"):
        find_outside(_Named(snapshots=("nowhere",)), catalog, silent)
    with pytest.raises(UserError, match="cannot be fetched from ftp"):
        find_outside(_Named(files=("ftp://x/y.csv",)), catalog, silent)
