from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prefdata.backends._causal_lm.load import load
from prefdata.core.errors import BackendError
from prefdata.testing.causal import write_tiny_causal_lm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prefdata.protocols import TokenUnit

__all__: list[str] = []


def _load(folder: Path, dtype: str = "float32") -> Any:
    return load(folder, None, dtype=dtype, device="cpu")


@pytest.mark.parametrize("wanted", ["float32", "bfloat16", "float16"])
def test_the_precision_is_the_one_asked_for_whatever_was_saved(tmp_path: Path, wanted: str) -> None:
    import torch

    folder = write_tiny_causal_lm(tmp_path / "half", dtype="bfloat16")
    backbone = _load(folder, wanted)
    assert backbone.dtype == getattr(torch, wanted)
    kinds = {p.dtype for p in backbone.module.parameters()}
    assert kinds == {getattr(torch, wanted)}


def test_sums_are_float32_in_half_precision(
    tmp_path: Path, opened: Any, units: list[TokenUnit]
) -> None:
    folder = write_tiny_causal_lm(tmp_path / "half", dtype="bfloat16")
    exact, _ = opened(folder)
    half, _ = opened(folder, dtype="bfloat16")
    for mine, theirs in zip(half.states(units), exact.states(units), strict=True):
        assert mine.sums.dtype == np.float32
        np.testing.assert_allclose(mine.sums, theirs.sums, atol=0.05 * np.abs(theirs.sums).max())
        # Sums of half precision would have its digits.
        bits = np.abs(mine.sums[0]).view(np.uint32) & 0xFFFF
        assert (bits != 0).any()


def test_the_head_is_let_go_and_nothing_learns(folder_of: Callable[[str], Path]) -> None:
    backbone = _load(folder_of("llama"))
    names = [name for name, _ in backbone.module.named_parameters()]
    assert not any("lm_head" in name for name in names)
    assert not any(p.requires_grad for p in backbone.module.parameters())
    assert not backbone.module.training


def test_nothing_is_printed(
    folder_of: Callable[[str], Path], opened: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    folder_of("mamba")
    capfd.readouterr()
    opened("mamba")
    assert capfd.readouterr() == ("", "")


def test_a_bidirectional_model_is_refused(folder_of: Callable[[str], Path]) -> None:
    with pytest.raises(BackendError, match=r"BertLMHeadModel\) is bidirectional"):
        _load(folder_of("bert"))


def test_a_model_with_another_state_before_its_head_is_refused(tmp_path: Path) -> None:
    folder = write_tiny_causal_lm(tmp_path / "bert", "bert", is_decoder=True)
    with pytest.raises(BackendError, match="to other states than its last ones"):
        _load(folder)


def test_missing_weights_are_refused_but_a_missing_head_is_not(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = write_tiny_causal_lm(tmp_path / "part")
    weights = folder / "model.safetensors"
    parts = load_file(weights)
    expected = _load(folder).module.norm.weight
    headless = {name: part for name, part in parts.items() if name != "lm_head.weight"}
    save_file(headless, weights, metadata={"format": "pt"})
    assert bool((_load(folder).module.norm.weight == expected).all())
    del headless["model.layers.1.mlp.up_proj.weight"]
    save_file(headless, weights, metadata={"format": "pt"})
    with pytest.raises(BackendError, match=r"lack 1 of its parts, such as model\.layers\.1\.mlp"):
        _load(folder)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # peft asks transformers in its old ways
def test_an_adapter_gives_what_the_merged_model_gives(
    tmp_path: Path, folder_of: Callable[[str], Path], opened: Any, units: list[TokenUnit]
) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    loader: Any = AutoModelForCausalLM
    model = loader.from_pretrained(folder_of("llama"))
    wrapped = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "up_proj"]))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(parameter, std=0.2)
    wrapped.save_pretrained(str(tmp_path / "adapter"))
    write_tiny_causal_lm(tmp_path / "merged")  # for its tokenizer
    merge: Any = wrapped.merge_and_unload
    merge().save_pretrained(tmp_path / "merged")
    adapted, _ = opened("llama", adapter=str(tmp_path / "adapter"))
    merged, _ = opened(tmp_path / "merged")
    base, _ = opened("llama")
    mine, theirs = adapted.states(units), merged.states(units)
    assert [a.sums.tobytes() for a in mine] == [b.sums.tobytes() for b in theirs]
    assert not np.allclose(mine[0].sums, base.states(units)[0].sums, atol=0.1)
    assert "peft" in adapted.settings
    assert "peft" not in base.settings


@pytest.mark.filterwarnings("ignore::FutureWarning")  # as above
def test_an_adapter_that_cannot_be_merged_is_refused(
    tmp_path: Path, folder_of: Callable[[str], Path]
) -> None:
    from peft import PromptTuningConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    loader: Any = AutoModelForCausalLM
    model = loader.from_pretrained(folder_of("llama"))
    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2)
    get_peft_model(model, config).save_pretrained(str(tmp_path))
    with pytest.raises(BackendError, match="cannot be merged"):
        load(folder_of("llama"), tmp_path, dtype="float32", device="cpu")


def test_a_model_whose_states_are_no_numbers_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = write_tiny_causal_lm(tmp_path / "lost") / "model.safetensors"
    parts = load_file(weights)
    parts["model.norm.weight"][0] = float("nan")
    save_file(parts, weights, metadata={"format": "pt"})
    with pytest.raises(BackendError, match="gives states that are not finite"):
        _load(weights.parent)


def test_a_model_that_fails_is_refused(tmp_path: Path) -> None:
    # Two experts are chosen of one.
    folder = write_tiny_causal_lm(tmp_path / "moe", "mixtral", num_local_experts=1)
    with pytest.raises(BackendError, match="failed on six tokens"):
        _load(folder)
