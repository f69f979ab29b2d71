from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from prefdata.backends._sentence.locate import locate
from prefdata.backends._sentence.weights import has_weights, revision_of

__all__: list[str] = []


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "another-name"))


def _change(file: Path, **keys: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **keys}, indent=7))


def test_the_same_model_has_one_revision_wherever_it_is(tiny: Path, copy: Path) -> None:
    assert revision_of(copy) == revision_of(tiny)


def test_the_revision_of_the_published_weights_is_what_it_was() -> None:
    assert revision_of(locate("auto")) == "e9428dfd587144b9af5e5e74bb1d0cb0"


def test_what_is_beside_the_model_does_not_count(tiny: Path, copy: Path) -> None:
    (copy / "README.md").write_text("about")
    (copy / "data_config.json").write_text("{}")
    (copy / "vocab.txt").write_text("also in tokenizer.json")
    (copy / "pytorch_model.bin").write_bytes(b"the same weights in the old format")
    (copy / "onnx").mkdir()
    (copy / "onnx" / "model.onnx").write_bytes(b"for another engine")
    _change(copy / "config.json", transformers_version="1.0", _name_or_path="elsewhere")
    assert revision_of(copy) == revision_of(tiny)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("config.json", {"hidden_act": "relu"}),
        ("1_Pooling/config.json", {"pooling_mode": "max"}),
        ("tokenizer_config.json", {"model_max_length": 16}),
        ("config_sentence_transformers.json", {"prompts": {"query": "q: "}}),
    ],
)
def test_every_setting_counts(tiny: Path, copy: Path, name: str, keys: dict[str, object]) -> None:
    _change(copy / name, **keys)
    assert revision_of(copy) != revision_of(tiny)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_every_byte_of_the_large_files_counts(tiny: Path, copy: Path, name: str) -> None:
    body = bytearray((copy / name).read_bytes())
    body[-3] ^= 1
    (copy / name).write_bytes(body)
    assert revision_of(copy) != revision_of(tiny)


def test_a_model_for_another_engine_only_has_its_own_revision(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    (copy / "openvino").mkdir()
    (copy / "openvino" / "openvino_model.xml").write_text("<net/>")
    revisions = set()
    for numbers in (b"1", b"2"):
        (copy / "openvino" / "openvino_model.bin").write_bytes(numbers)
        revisions.add(revision_of(copy))
    assert len(revisions) == 2


def test_a_folder_without_weights_is_told_from_a_model(tiny: Path, tmp_path: Path) -> None:
    assert has_weights(tiny)
    (tmp_path / "training_args.bin").write_bytes(b"")
    (tmp_path / "config.json").write_text("{}")
    assert not has_weights(tmp_path)
