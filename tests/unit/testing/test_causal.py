"""Tiny language models are what transformers loads, small, and the same every time."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import MissingExtraError
from prefdata.testing.causal import (
    BOS,
    EOS,
    VOCABULARY,
    tiny_weights,
    write_byte_tokenizer,
    write_tiny_causal_lm,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _model(folder: Path, **settings: Any) -> Any:
    import transformers

    auto: Any = transformers.AutoModelForCausalLM
    return auto.from_pretrained(folder, local_files_only=True, **settings)


def _tokenizer(folder: Path) -> Any:
    import transformers

    auto: Any = transformers.AutoTokenizer
    return auto.from_pretrained(folder, local_files_only=True)


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return _tokenizer(write_byte_tokenizer(tmp_path_factory.mktemp("tokenizer")))


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "mistral", "gemma2"])
def test_transformers_loads_it_and_every_weight_is_ours(tmp_path: Path, architecture: str) -> None:
    import torch

    folder = write_tiny_causal_lm(tmp_path / "model", architecture, seed=3)
    model, info = _model(folder, output_loading_info=True)
    assert {name: list(found) for name, found in info.items() if found} == {}
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    expected = tiny_weights(shapes, seed=3, width=48)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), expected[name])
    assert folder.stat().st_size < 1 << 20
    with torch.inference_mode():
        logits = model(torch.tensor([[1, 2, 3]])).logits
    assert logits.shape == (1, 3, VOCABULARY)
    assert torch.isfinite(logits).all()


def test_the_same_arguments_give_the_same_bytes_and_other_seeds_other_weights(
    tmp_path: Path,
) -> None:
    import torch

    chance = torch.get_rng_state()
    one = write_tiny_causal_lm(tmp_path / "one", seed=1)
    again = write_tiny_causal_lm(tmp_path / "again", seed=1)
    other = write_tiny_causal_lm(tmp_path / "other", seed=2)
    files = sorted(path.name for path in one.iterdir())
    assert [(one / name).read_bytes() for name in files] == [
        (again / name).read_bytes() for name in files
    ]
    assert _digest(one) != _digest(other)
    assert torch.equal(chance, torch.get_rng_state()), "it drew from the chance of others"


def test_weights_are_frozen() -> None:
    shapes = {"b.bias": (2,), "a.weight": (2, 2), "c.weight": (1,)}
    found = tiny_weights(shapes, seed=0, width=48)
    assert list(found) == sorted(shapes)
    assert [float(value) for values in found.values() for value in values.flat] == [
        pytest.approx(value, abs=1e-7)
        for value in (
            *((2 * spot - 1) / 4 for spot in (0.5488135039, 0.7151893664)),
            *((2 * spot - 1) / 4 for spot in (0.6027633761, 0.5448831830)),
            *((2 * spot - 1) / 5 for spot in (0.4236547993, 0.6458941131)),
            1 + (2 * 0.4375872113 - 1) / 5,
        )
    ]


def test_what_is_asked_for_is_in_the_configuration(tmp_path: Path) -> None:
    folder = write_tiny_causal_lm(
        tmp_path,
        "mistral",
        width=32,
        layers=1,
        vocabulary=300,
        dtype="bfloat16",
        max_position_embeddings=64,
    )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["sliding_window"] == 16
    assert (config["hidden_size"], config["num_hidden_layers"], config["vocab_size"]) == (
        32,
        1,
        300,
    )
    assert (config["dtype"], config["max_position_embeddings"]) == ("bfloat16", 64)
    assert {str(value.dtype) for value in _model(folder).state_dict().values()} == {
        "torch.bfloat16"
    }


@pytest.mark.parametrize(("window", "expected"), [(None, None), (5, 5)])
def test_a_window_is_only_where_it_is_asked_for(
    tmp_path: Path, window: int | None, expected: int | None
) -> None:
    folder = write_tiny_causal_lm(tmp_path, "qwen2", layers=1, window=window)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["sliding_window"] == expected


@pytest.mark.parametrize("is_tied", [False, True])
def test_a_head_may_share_its_weights_with_the_embedding(tmp_path: Path, is_tied: bool) -> None:
    folder = write_tiny_causal_lm(tmp_path, layers=1, tie_word_embeddings=is_tied)
    model, info = _model(folder, output_loading_info=True)
    assert not any(info.values())
    assert (model.lm_head.weight is model.model.embed_tokens.weight) == is_tied


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_tokens_are_the_bytes_of_a_text(tokenizer: Any, text: str) -> None:
    found = tokenizer(text, add_special_tokens=False)["input_ids"]
    if not any(token in text for token in tokenizer.all_special_tokens):
        assert found == list(text.encode())
    assert tokenizer.decode(found, clean_up_tokenization_spaces=False) == text


def test_special_tokens_follow_the_bytes(tokenizer: Any) -> None:
    assert tokenizer("a")["input_ids"] == [256, 97]
    assert (tokenizer.bos_token, tokenizer.eos_token) == (BOS, EOS)
    assert tokenizer(f"{EOS}<|im_start|>", add_special_tokens=False)["input_ids"] == [257, 258]
    turns = [{"role": "user", "content": "Hi."}]
    assert tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True) == (
        "<|im_start|>user\nHi.<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_base_model_has_no_template_and_may_have_no_first_token(tmp_path: Path) -> None:
    found = _tokenizer(write_byte_tokenizer(tmp_path, chat_template=False, bos=False))
    assert found.chat_template is None
    assert found("a")["input_ids"] == [97]


def test_a_template_of_ones_own_is_taken(tmp_path: Path) -> None:
    assert _tokenizer(write_byte_tokenizer(tmp_path, chat_template="x")).chat_template == "x"


def test_tokens_merge_where_they_are_told_to(tmp_path: Path) -> None:
    found = _tokenizer(write_byte_tokenizer(tmp_path, bos=False, merges=[(":", "a"), ("a", "b")]))
    assert found("x:abc")["input_ids"] == [120, 259, 98, 99]
    assert found("abc")["input_ids"] == [260, 99]
    assert found.decode([120, 259, 260]) == "x:aab"


@pytest.mark.parametrize("missing", ["torch", "transformers"])
def test_without_the_extra_its_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError):
        write_tiny_causal_lm(tmp_path)
    if missing == "transformers":
        with pytest.raises(MissingExtraError):
            write_byte_tokenizer(tmp_path)
