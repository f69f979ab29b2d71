from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.backends._hub.snapshots import Repository, folder_named
from prefdata.core.errors import BackendError

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

COMMIT = "c0ffee" + "0" * 34


def _repository(name: str, cache: Path, *wanted: str) -> Repository:
    return Repository(
        name,
        "",
        kinds=tuple((file,) for file in wanted),
        ignored=(),
        is_whole=lambda folder: any((folder / file).is_file() for file in wanted),
        cache=str(cache),
    )


def test_a_folder_is_named_by_its_path_and_an_id_is_not_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder_named(str(tmp_path)) == tmp_path
    monkeypatch.chdir(tmp_path)
    assert folder_named("org/model") is None
    (tmp_path / "org" / "model").mkdir(parents=True)
    found = folder_named("org/model")
    assert found is not None
    assert found.samefile(tmp_path / "org" / "model")


@pytest.mark.parametrize("path", ["/no/such/folder", "./none", "~/none", "a/b/c"])
def test_a_path_that_is_not_there_is_no_id(path: str) -> None:
    with pytest.raises(BackendError, match="no folder"):
        folder_named(path)


def test_a_repository_counts_as_cached_when_what_is_wanted_is_there(tmp_path: Path) -> None:
    place = tmp_path / "models--org--model"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(COMMIT)
    folder = place / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    assert _repository("org/model", tmp_path, "a", "b").cached() is None
    (folder / "b").touch()
    assert _repository("org/model", tmp_path, "a", "b").cached() == folder
    assert _repository("org/model", tmp_path, "c").cached() is None
    assert _repository("org/other", tmp_path, "b").cached() is None


def test_what_cannot_be_an_id_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="neither a folder nor an id"):
        _repository("not an id!", tmp_path, "a").cached()


def test_a_download_that_fails_can_be_tried_again(tmp_path: Path) -> None:
    # The library is offline, because it read the variable when it was imported.
    with pytest.raises(BackendError, match="could not be downloaded") as caught:
        _repository("org/model", tmp_path, "a").downloaded()
    assert caught.value.retryable
