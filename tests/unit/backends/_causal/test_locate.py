from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from prefdata.backends._causal.locate import (
    adapter_weights_of,
    locate,
    locate_adapter,
    weights_of,
)
from prefdata.core.errors import BackendError, MissingExtraError, UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__: list[str] = []

COMMIT = "c0ffee" + "0" * 34
# Nothing here reads weights, so their files need no numbers in them.
MODEL = {"config.json": "{}", "tokenizer.json": "{}", "model.safetensors": ""}
ADAPTER = {
    "adapter_config.json": json.dumps({"base_model_name_or_path": "org/base"}),
    "adapter_model.safetensors": "",
}


class Hub(Protocol):
    """The fixture `hub`."""

    def serve(self, files: Mapping[str, bytes]) -> str: ...
    def run(self, code: str, endpoint: str) -> list[str]: ...


def _folder(path: Path, files: Mapping[str, str]) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / name).write_text(text)
    return path


def _cached(cache: Path, repo: str, files: Mapping[str, str]) -> Path:
    """Put a model into a Hugging Face cache, as a download leaves it."""
    place = cache / f"models--{repo.replace('/', '--')}"
    _folder(place / "refs", {"main": COMMIT})
    return _folder(place / "snapshots" / COMMIT, files)


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_a_folder_comes_before_the_cache(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = _cached(cache, "org/model", MODEL)
    assert locate("org/model") == place
    folder = _folder(tmp_path / "here" / "org" / "model", MODEL)
    assert locate(str(folder)) == folder
    monkeypatch.chdir(tmp_path / "here")
    assert locate("org/model").samefile(folder)


def test_a_model_in_the_cache_is_found_by_its_id_and_revision(cache: Path) -> None:
    place = _cached(cache, "org/model", MODEL)
    assert locate("org/model@main") == locate(f"org/model@{COMMIT}") == place
    with pytest.raises(BackendError, match="org/model@other is not on this machine") as caught:
        locate("org/model@other")
    assert "hf download org/model --revision other" in str(caught.value.fix)


def test_a_model_without_an_organisation_is_an_id_too(cache: Path) -> None:
    assert _cached(cache, "gpt2", MODEL) == locate("gpt2")


def test_a_model_of_which_a_part_is_cached_is_not_whole(cache: Path) -> None:
    index = json.dumps({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}})
    files = {**MODEL, "model.safetensors.index.json": index, "model-1.safetensors": ""}
    del files["model.safetensors"]
    place = _cached(cache, "org/model", files)
    with pytest.raises(BackendError, match="not whole, and HF_HUB_OFFLINE=1 is set"):
        locate("org/model")
    with pytest.raises(BackendError, match=r"lacks weights such as model-2\.safetensors"):
        locate(str(place))
    _folder(place, {"model-2.safetensors": ""})
    assert locate("org/model") == place


@pytest.mark.parametrize("find", [locate, locate_adapter])
def test_a_download_that_fails_can_be_tried_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch, find: Callable[[str], Path]
) -> None:
    # The library read the variable when it was imported, so it stays offline.
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with pytest.raises(BackendError, match="could not be downloaded") as caught:
        find("org/model")
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("files", "lack"),
    [
        ({}, "no weights in safetensors"),
        ({"config.json": "{}"}, "no weights in safetensors"),
        ({"config.json": "{}", "model.gguf": ""}, "no weights in safetensors"),
        ({"model.safetensors": ""}, "no config.json"),
        ({"config.json": "{}", "pytorch_model.bin.index.json": "[]"}, "is not one"),
    ],
)
def test_a_folder_that_holds_no_model_says_what_it_lacks(
    tmp_path: Path, files: dict[str, str], lack: str
) -> None:
    with pytest.raises(BackendError, match=lack) as caught:
        locate(str(_folder(tmp_path, files)))
    assert caught.value.fix


def test_weights_are_the_files_that_transformers_loads(tmp_path: Path) -> None:
    index = json.dumps({"weight_map": {"a": "2.bin", "b": "1.bin", "c": "2.bin"}})
    assert weights_of(tmp_path) == []
    _folder(tmp_path, {"pytorch_model.bin.index.json": index})
    assert weights_of(tmp_path) == [tmp_path / "1.bin", tmp_path / "2.bin"]
    for name in ("pytorch_model.bin", "model.safetensors"):
        _folder(tmp_path, {name: ""})
        assert weights_of(tmp_path) == [tmp_path / name]


def test_an_adapter_is_no_model_and_the_error_says_how_to_name_it(
    cache: Path, tmp_path: Path
) -> None:
    folder = _folder(tmp_path / "lora", ADAPTER)
    with pytest.raises(UserError, match="is an adapter") as caught:
        locate(str(folder))
    assert caught.value.fix == f"Write `model: org/base` and `adapter: {folder}`."
    _cached(cache, "org/lora", ADAPTER)
    with pytest.raises(UserError, match="is an adapter"):
        locate("org/lora")
    _folder(folder, {"adapter_config.json": "[]"})
    with pytest.raises(UserError, match="is an adapter") as caught:
        locate(str(folder))
    assert "model: BASE" in str(caught.value.fix)


def test_a_folder_with_a_model_and_an_adapter_is_what_it_is_asked_for(tmp_path: Path) -> None:
    folder = _folder(tmp_path, MODEL | ADAPTER)
    assert locate(str(folder)) == locate_adapter(str(folder)) == folder


def test_adapters_are_found_as_models_are(cache: Path, tmp_path: Path) -> None:
    folder = _folder(tmp_path / "lora", ADAPTER)
    assert locate_adapter(str(folder)) == folder
    place = _cached(cache, "org/lora", ADAPTER)
    assert locate_adapter("org/lora@main") == place


@pytest.mark.parametrize(
    ("files", "lack"),
    [
        (MODEL, "no adapter_config.json"),
        ({"adapter_config.json": "{}"}, r"no adapter_model\.safetensors"),
    ],
)
def test_a_folder_that_holds_no_adapter_says_what_it_lacks(
    tmp_path: Path, files: dict[str, str], lack: str
) -> None:
    with pytest.raises(BackendError, match=lack):
        locate_adapter(str(_folder(tmp_path, files)))


def test_an_adapter_in_the_old_format_is_taken_where_there_is_no_other(tmp_path: Path) -> None:
    assert adapter_weights_of(tmp_path) is None
    for name in ("adapter_model.bin", "adapter_model.safetensors"):
        _folder(tmp_path, {name: ""})
        assert adapter_weights_of(tmp_path) == tmp_path / name


@pytest.mark.parametrize(("library", "find"), [("transformers", locate), ("peft", locate_adapter)])
def test_without_its_library_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, library: str, find: Any
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match="not installed") as caught:
        find("org/model")
    assert caught.value.fix == "pip install 'prefdata[models]'"


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
def test_a_model_is_downloaded_once_without_what_is_not_needed(hub: Hub, weights: str) -> None:
    wanted = ["chat_template.jinja", "config.json", "tokenizer.json", "tokenizer.model", weights]
    extra = [
        "README.md",
        "consolidated.00.pth",
        "consolidated.safetensors",
        "model.fp16.safetensors",
        "model.gguf",
        "onnx/model.onnx",
        "original/model.safetensors",
        "tf_model.h5",
        "training_args.bin",
    ]
    if weights == "model.safetensors":
        extra.append("pytorch_model.bin")
    code = (
        "from prefdata.backends._causal.locate import locate\n"
        "print(*sorted(p.name for p in locate('org/model').rglob('*')))"
    )
    endpoint = hub.serve(dict.fromkeys([*wanted, *extra], b"{}"))
    assert hub.run(code, endpoint) == sorted(wanted)
    assert hub.run(code, "http://127.0.0.1:9") == sorted(wanted)


def test_a_repository_of_another_format_is_an_error(hub: Hub) -> None:
    code = (
        "from prefdata.backends._causal.locate import locate\n"
        "from prefdata.core.errors import BackendError\n"
        "try:\n    locate('org/model')\n"
        "except BackendError as error:\n    print(error.what)"
    )
    said = hub.run(code, hub.serve({"model.gguf": b"", "config.json": b"{}"}))
    assert " ".join(said).startswith("The repository org/model is not a causal language model")
