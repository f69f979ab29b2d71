"""What names a model: a digest of its weights and of the settings that decide its vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.backends._hub.digests import settings_digest
from prefdata.core.fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["has_weights", "revision_of"]

_VERSION = 1
"""Raised when the same weights give other vectors: another cut, another kind of normalising."""

# In each folder the first kind that is there is what gets loaded.
_WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.onnx", "*.xml", "*.npy", "*.npz")
_SETTINGS = frozenset({".json", ".jinja", ".model", ".txt"})
_OTHER_ENGINES = frozenset({"onnx", "openvino"})
_NOT_DECISIVE = frozenset(
    {
        "data_config.json",
        "generation_config.json",
        "model.safetensors.index.json",
        "pytorch_model.bin.index.json",
        "requirements.txt",
        "training_args.bin",
    }
)
_IN_TOKENIZER_JSON = frozenset(
    {
        "added_tokens.json",
        "merges.txt",
        "sentencepiece.bpe.model",
        "special_tokens_map.json",
        "spiece.model",
        "tokenizer.model",
        "vocab.json",
        "vocab.txt",
    }
)


def revision_of(folder: Path) -> str:
    """Return the 32 hex digits that name a model, whatever its folder is called.

    Weights count by their bytes; settings by their meaning, without the names and versions that
    libraries write into them. What another engine would load, and what a repository holds beside
    the model, does not count.

    Raises:
        OSError: If a file cannot be read.
    """
    parts = {
        file.relative_to(folder).as_posix(): settings_digest(file)
        for file in sorted(_decisive(folder))
    }
    return digest({"version": _VERSION, "files": parts})


def has_weights(folder: Path) -> bool:
    """Tell whether a folder holds something that could be a model's weights."""
    return any(
        file.name not in _NOT_DECISIVE for pattern in _WEIGHTS for file in folder.rglob(pattern)
    )


def _decisive(folder: Path) -> Iterator[Path]:
    """Yield the files that decide the vectors."""
    places = [folder, *_modules(folder)]
    found = [file for place in places for file in _of_place(place)]
    if not any(file.match(pattern) for file in found for pattern in _WEIGHTS):
        # A model that was exported for another engine only.
        found += [f for name in sorted(_OTHER_ENGINES) for f in _of_place(folder / name)]
    yield from found


def _modules(folder: Path) -> list[Path]:
    """Return the folders of the modules that come after (or instead of) the one at the root."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_dir()
        and not any(
            part in _OTHER_ENGINES or part.startswith((".", "checkpoint-", "eval"))
            for part in path.relative_to(folder).parts
        )
    )


def _of_place(place: Path) -> list[Path]:
    files = [
        file
        for file in (place.iterdir() if place.is_dir() else ())
        if file.is_file() and file.name not in _NOT_DECISIVE
    ]
    skipped = _IN_TOKENIZER_JSON if any(f.name == "tokenizer.json" for f in files) else ()
    kinds = ([f for f in files if f.match(pattern)] for pattern in _WEIGHTS)
    weights = next((kind for kind in kinds if kind), [])
    # OpenVINO keeps the numbers beside the graph.
    weights += [f for f in files if f.suffix == ".bin" and f.with_suffix(".xml") in weights]
    return weights + [f for f in files if f.suffix in _SETTINGS and f.name not in skipped]
