from __future__ import annotations

import importlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from prefdata.backends._causal.identity import (
    identify,
    load_tokenizer,
    longest,
    revision_of,
    template_digest,
)
from prefdata.core.errors import BackendError, MissingExtraError, UserError
from prefdata.protocols import CausalParams
from prefdata.testing.causal import CHAT_TEMPLATE, write_byte_tokenizer, write_tiny_causal_lm

__all__: list[str] = []


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a Llama 16 wide, whose weights are random."""
    return write_tiny_causal_lm(tmp_path_factory.mktemp("tiny"), width=16, layers=1)


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "another-name"))


def _change(file: Path, **keys: object) -> None:
    said = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**said, **keys}, indent=7))


def _adapter(folder: Path, weights: bytes = b"weights", **keys: object) -> Path:
    folder.mkdir(exist_ok=True)
    _change(folder / "adapter_config.json", **{"peft_type": "LORA", "r": 2, **keys})
    (folder / "adapter_model.safetensors").write_bytes(weights)
    return folder


def _of(folder: Path, **given: Any) -> CausalParams:
    return CausalParams(model=str(folder), **{"device": "cpu", **given})


def test_a_model_is_identified_from_its_files(tiny: Path) -> None:
    found = identify(_of(tiny))
    assert len(found.revision) == len(found.template) == 32
    assert (found.dtype, found.max_tokens, found.boundary) == ("float32", 512, "separate")
    assert identify(_of(tiny)) == found


def test_the_same_model_has_one_identity_wherever_it_is(tiny: Path, copy: Path) -> None:
    assert identify(_of(copy)) == identify(_of(tiny))


def test_the_revision_of_known_files_is_what_it_was(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"hidden_size": 16}')
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert revision_of(tmp_path) == "f7c63bfd6359acf23c3ba2fa44109644"
    assert revision_of(tmp_path, _adapter(tmp_path / "lora")) == "95262c19cd8d50d8f8587126f24c29a8"


def test_what_is_beside_the_model_does_not_count(tiny: Path, copy: Path) -> None:
    (copy / "README.md").write_text("about")
    (copy / "pytorch_model.bin").write_bytes(b"the same weights in the old format")
    (copy / "merges.txt").write_text("also in tokenizer.json")
    (copy / "onnx").mkdir()
    (copy / "onnx" / "model.onnx").write_bytes(b"for another engine")
    _change(copy / "config.json", transformers_version="1.0", _name_or_path="elsewhere")
    assert identify(_of(copy)) == identify(_of(tiny))


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "added_tokens.json"])
def test_every_setting_counts(tiny: Path, copy: Path, name: str) -> None:
    _change(copy / name, something=1)
    assert revision_of(copy) != revision_of(tiny)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_every_byte_of_the_large_files_counts(tiny: Path, copy: Path, name: str) -> None:
    body = bytearray((copy / name).read_bytes())
    body[-3] ^= 1
    (copy / name).write_bytes(body)
    assert revision_of(copy) != revision_of(tiny)


def test_a_vocabulary_in_other_files_counts_where_there_is_no_other(copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    revisions = set()
    for text in ("a b", "b a"):
        (copy / "merges.txt").write_text(text)
        revisions.add(revision_of(copy))
    assert len(revisions) == 2


def test_all_parts_of_the_weights_count(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    revisions = set()
    for second in (b"1", b"2"):
        (copy / "model-1.safetensors").write_bytes(b"0")
        (copy / "model-2.safetensors").write_bytes(second)
        revisions.add(revision_of(copy))
    assert len(revisions) == 2


def test_the_weights_of_a_model_in_the_cache_are_not_read(tiny: Path, tmp_path: Path) -> None:
    from prefdata.core.fingerprint import file_digest

    blobs, folder = tmp_path / "blobs", tmp_path / "snapshots" / "c0ffee"
    blobs.mkdir()
    folder.mkdir(parents=True)
    for file in tiny.iterdir():
        name = file_digest(file) if file.suffix == ".safetensors" else file.name
        (blobs / name).write_bytes(b"" if file.suffix == ".safetensors" else file.read_bytes())
        (folder / file.name).symlink_to(f"../../blobs/{name}")
    assert revision_of(folder) == revision_of(tiny)


def test_the_chat_template_counts_by_its_text_wherever_it_is(tiny: Path, copy: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    _change(copy / "tokenizer_config.json", chat_template=CHAT_TEMPLATE)
    assert identify(_of(copy)) == identify(_of(tiny))
    file = copy.parent / "mine.jinja"
    file.write_text(CHAT_TEMPLATE)
    assert identify(_of(copy, template=str(file))) == identify(_of(tiny))
    _change(copy / "tokenizer_config.json", chat_template=CHAT_TEMPLATE + " ")
    changed = identify(_of(copy))
    assert changed.template != identify(_of(tiny)).template
    assert changed.revision == identify(_of(tiny)).revision


def test_the_template_names_all_that_is_between_messages_and_tokens(tmp_path: Path) -> None:
    found = {}
    for bos in (True, False):
        folder = tmp_path / str(bos)
        folder.mkdir()
        tokenizer = load_tokenizer(write_byte_tokenizer(folder, bos=bos))
        for template in ("auto", "plain", "hh"):
            for system in ("keep", "fold", "drop"):
                params = CausalParams(model="any", template=template, system=system)
                found[bos, template, system] = template_digest(params, tokenizer)
    # A chat template writes BOS itself, or not; so what the tokenizer would do does not count.
    assert len(set(found.values())) == 3 + 2 * 6
    assert found[True, "auto", "keep"] == found[False, "auto", "keep"]


def test_where_a_model_stops_counts_in_the_template(tiny: Path, copy: Path) -> None:
    _change(copy / "generation_config.json", eos_token_id=[257, 258])
    found, before = identify(_of(copy)), identify(_of(tiny))
    assert found.template != before.template
    assert found.revision == before.revision


def test_an_adapter_counts_but_not_where_it_was_made(tiny: Path, tmp_path: Path) -> None:
    one = _adapter(tmp_path / "one", base_model_name_or_path="here", peft_version="0.1")
    two = _adapter(tmp_path / "two", base_model_name_or_path="there", inference_mode=True)
    revisions = [
        revision_of(tiny),
        revision_of(tiny, one),
        revision_of(tiny, _adapter(tmp_path / "three", r=3)),
        revision_of(tiny, _adapter(tmp_path / "four", b"other weights")),
    ]
    assert len(set(revisions)) == len(revisions)
    assert revision_of(tiny, two) == revision_of(tiny, one)
    assert identify(_of(tiny, adapter=str(two))).revision == revision_of(tiny, one)


def test_an_adapter_named_as_the_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is an adapter"):
        identify(_of(_adapter(tmp_path / "lora")))


@pytest.mark.parametrize(
    ("device", "dtype", "has_cuda", "expected"),
    [
        ("auto", "auto", False, "float32"),
        ("auto", "auto", True, "bfloat16"),
        ("cuda:0,cuda:1", "auto", True, "bfloat16"),
        ("cuda", "auto", False, "float32"),
        ("cpu", "auto", True, "float32"),
        ("mps", "auto", True, "float32"),
        ("cpu", "float16", False, "float16"),
        ("cuda", "float32", True, "float32"),
    ],
)
def test_the_precision_follows_the_device_unless_it_is_given(
    tiny: Path,
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    dtype: str,
    has_cuda: bool,
    expected: str,
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_cuda)
    assert identify(_of(tiny, device=device, dtype=dtype)).dtype == expected


def _settings(folder: Path, architecture: str, **keys: Any) -> Path:
    transformers: Any = importlib.import_module("transformers")
    transformers.AutoConfig.for_model(architecture, **keys).save_pretrained(folder)
    return folder


SMALL_GPT2 = {"n_embd": 8, "n_head": 2, "n_layer": 1, "vocab_size": 300, "n_positions": 64}
SMALL_OPT = {
    "hidden_size": 8,
    "ffn_dim": 8,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "vocab_size": 300,
    "word_embed_proj_dim": 8,
    "max_position_embeddings": 64,
}
SMALL_GPTJ = {"n_embd": 8, "n_head": 2, "n_layer": 1, "vocab_size": 300, "rotary_dim": 4}
SMALL_LLAMA = {
    "hidden_size": 64,  # as many as positions
    "intermediate_size": 64,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "vocab_size": 300,
    "max_position_embeddings": 64,
}


@pytest.mark.parametrize(
    ("architecture", "keys", "limit"),
    [
        ("llama", SMALL_LLAMA, 64),
        ("gpt2", SMALL_GPT2, 64),
        ("opt", SMALL_OPT, 64),
        ("gemma3", {"text_config": {"max_position_embeddings": 77}}, 77),
        ("mpt", {"max_seq_len": 88}, 88),
        ("mamba", {}, 1 << 20),
    ],
)
def test_the_longest_length_is_what_the_model_was_made_for(
    tiny: Path, tmp_path: Path, architecture: str, keys: dict[str, Any], limit: int
) -> None:
    tokenizer = load_tokenizer(tiny)
    folder = _settings(tmp_path, architecture, **keys)
    assert longest(folder, tokenizer) == limit
    assert longest(folder, tokenizer, 50) == 50


def test_where_the_model_says_nothing_the_tokenizer_is_asked(tiny: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(tiny)
    tokenizer.model_max_length = 99
    assert longest(_settings(tmp_path, "mamba"), tokenizer) == 99


@pytest.mark.parametrize(
    ("architecture", "keys"),
    [("gpt2", SMALL_GPT2), ("opt", SMALL_OPT), ("gptj", SMALL_GPTJ | {"n_positions": 64})],
)
def test_more_than_a_table_of_positions_holds_is_refused(
    tiny: Path, tmp_path: Path, architecture: str, keys: dict[str, Any]
) -> None:
    folder = _settings(tmp_path, architecture, **keys)
    assert longest(folder, load_tokenizer(tiny), 64) == 64
    with pytest.raises(UserError, match="has 64 positions, so it cannot read 65 tokens") as caught:
        longest(folder, load_tokenizer(tiny), 65)
    assert caught.value.fix == "Ask for at most 64."


@pytest.mark.parametrize(("architecture", "keys"), [("llama", SMALL_LLAMA), ("mamba", {})])
def test_positions_that_are_computed_do_not_end(
    tiny: Path, tmp_path: Path, architecture: str, keys: dict[str, Any]
) -> None:
    folder = _settings(tmp_path, architecture, **keys)
    assert longest(folder, load_tokenizer(tiny), 1 << 21) == 1 << 21


def test_what_else_is_wrong_with_a_model_is_left_to_who_loads_it(
    tiny: Path, tmp_path: Path
) -> None:
    folder = _settings(tmp_path, "gpt2", **SMALL_GPT2 | {"n_head": 3})
    assert longest(folder, load_tokenizer(tiny), 65) == 65


def test_a_folder_without_a_tokenizer_is_an_error(tmp_path: Path) -> None:
    # transformers would make one without tokens for this kind.
    _settings(tmp_path, "gpt2", **SMALL_GPT2)
    with pytest.raises(BackendError, match="holds no tokenizer") as caught:
        load_tokenizer(tmp_path)
    assert "save_pretrained" in str(caught.value.fix)


def test_a_tokenizer_that_cannot_be_read_is_an_error(
    copy: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (copy / "tokenizer.json").write_text("not JSON")
    with pytest.raises(BackendError, match="The tokenizer of the model cannot be loaded"):
        load_tokenizer(copy)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "keys", [{"model_type": "of-its-own"}, {"auto_map": {"AutoConfig": "x.Y"}, "model_type": "own"}]
)
def test_a_model_that_brings_its_own_code_is_refused(copy: Path, keys: dict[str, Any]) -> None:
    _change(copy / "config.json", **keys)
    (copy / "x.py").write_text("raise SystemExit('imported')")
    with pytest.raises(BackendError, match="cannot be loaded") as caught:
        identify(_of(copy))
    assert "their own code" in str(caught.value.fix)


def test_without_transformers_the_extra_is_named(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError):
        load_tokenizer(tiny)
