"""A causal language model is loaded as asked for, or it is said why it cannot be."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.backends._causal.load import devices, load_model
from prefdata.core.errors import BackendError, MissingExtraError
from prefdata.protocols import CausalParams
from prefdata.testing.causal import write_tiny_causal_lm

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny model."""
    return write_tiny_causal_lm(tmp_path_factory.mktemp("tiny") / "m", width=16, layers=1)


def _load(folder: Path, *, device: str = "cpu", needs_head: bool = True) -> Any:
    return load_model(folder, None, dtype="float32", device=device, needs_head=needs_head)


def test_the_precision_is_the_one_asked_for_and_nothing_learns(tiny: Path) -> None:
    import torch

    model = load_model(tiny, None, dtype="bfloat16", device="cpu", needs_head=True)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert not any(p.requires_grad for p in model.parameters())
    assert not model.training


def test_a_missing_head_is_refused_where_it_is_used(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = write_tiny_causal_lm(tmp_path, width=16, layers=1)
    weights = folder / "model.safetensors"
    parts = load_file(weights)
    del parts["lm_head.weight"]
    save_file(parts, weights, metadata={"format": "pt"})
    _load(folder, needs_head=False)
    with pytest.raises(BackendError, match=r"lack 1 of its parts, such as lm_head\.weight"):
        _load(folder)


def test_an_encoder_decoder_is_refused(tmp_path: Path) -> None:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    T5ForConditionalGeneration(config).save_pretrained(tmp_path)
    with pytest.raises(BackendError, match="a t5, which is an encoder-decoder"):
        _load(tmp_path)


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    from transformers import ViTConfig

    ViTConfig(hidden_size=16, num_hidden_layers=1).save_pretrained(tmp_path)
    with pytest.raises(BackendError, match="a vit, which is no causal language model"):
        _load(tmp_path)


def test_a_folder_that_transformers_cannot_load_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "no-such-model"}')
    with pytest.raises(BackendError, match="The model could not be loaded"):
        _load(tmp_path)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("cpu", ("cpu",)), ("cpu,cpu", ("cpu", "cpu")), (" cpu , cpu ", ("cpu", "cpu"))],
)
def test_devices_are_those_that_were_named(wanted: str, expected: tuple[str, ...]) -> None:
    assert devices(CausalParams(model="m", device=wanted)) == expected


def test_auto_is_a_device_that_is_there() -> None:
    found = devices(CausalParams(model="m"))
    assert found
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("wanted", ["tpu", "cuda:99", "cpu,", "cpu,cuda:99", ""])
def test_a_device_that_is_not_there_is_refused(wanted: str) -> None:
    with pytest.raises(BackendError, match="There is no device"):
        devices(CausalParams(model="m", device=wanted))


def test_a_device_that_cannot_be_used_is_told(tiny: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(BackendError, match="The model could not be loaded"):
        _load(tiny, device="cuda:0")


def test_a_missing_library_is_told(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "peft", None)
        with pytest.raises(MissingExtraError, match="A PEFT adapter"):
            load_model(tiny, tmp_path, dtype="float32", device="cpu", needs_head=True)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="A causal language model"):
        _load(tiny)
    with pytest.raises(MissingExtraError, match="A causal language model"):
        devices(CausalParams(model="m"))
