from __future__ import annotations

import json
import logging
import shutil
import sys
from pathlib import Path

import pytest

from prefdata.backends._sentence.load import device_of, load
from prefdata.core.errors import BackendError, MissingExtraError, UserError
from prefdata.protocols import EmbedderParams

__all__: list[str] = []

CPU = EmbedderParams(device="cpu")


def test_opening_a_model_says_nothing(tiny: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load(tiny, CPU)
    # Without a description of its modules the library warns that it makes them up.
    load(tiny.parent / "bert", CPU)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_the_libraries_may_speak_again_afterwards(tiny: Path) -> None:
    loggers = [logging.getLogger(name) for name in ("transformers", "sentence_transformers")]
    before = [(list(logger.handlers), logger.propagate) for logger in loggers]
    load(tiny, CPU)
    assert [(list(logger.handlers), logger.propagate) for logger in loggers] == before


def test_weights_are_float32_on_a_cpu_whatever_they_were_saved_in(
    tiny: Path, tmp_path: Path
) -> None:
    import torch

    load(tiny, CPU).half().save(str(tmp_path), create_model_card=False)
    assert {p.dtype for p in load(tmp_path, CPU).parameters()} == {torch.float32}


def test_a_model_of_which_a_part_is_missing_is_refused(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(BackendError, match=r"lack \d+ of its parts, such as \S*layer"):
        load(folder, CPU)


def test_weights_that_cannot_be_read_are_an_error(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "model"))
    (folder / "model.safetensors").write_bytes(b"half a file")
    with pytest.raises(BackendError, match="could not be loaded") as caught:
        load(folder, CPU)
    assert caught.value.where == str(folder)


def test_a_dimension_that_the_model_does_not_have_is_an_error(tiny: Path) -> None:
    with pytest.raises(UserError, match="cannot be cut to 17"):
        load(tiny, EmbedderParams(device="cpu", dimension=17))


@pytest.mark.parametrize("device", ["tpu", "cuda:x", "cuda:99", "cpu:1"])
def test_a_device_that_is_not_there_is_an_error(device: str) -> None:
    with pytest.raises(BackendError, match="There is no device"):
        device_of(device)


def test_some_device_is_always_there() -> None:
    assert device_of("auto") in {"cuda", "mps", "cpu"}
    assert device_of("cpu") == "cpu"


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_an_engine_that_is_not_installed_says_what_to_install(
    tiny: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optimum", None)
    params = EmbedderParams.model_validate({"device": "cpu", "engine": engine})
    with pytest.raises(BackendError, match="optimum") as caught:
        load(tiny, params)
    assert caught.value.fix is not None
    assert f"pip install 'sentence-transformers[{engine}]'" in caught.value.fix


def test_without_sentence_transformers_the_extra_is_named(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError):
        load(tiny, CPU)
