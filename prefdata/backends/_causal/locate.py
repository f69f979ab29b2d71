"""Where a causal language model or an adapter is: a folder, the Hugging Face cache, or the hub."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING

from prefdata.backends._hub.snapshots import Repository, folder_named
from prefdata.core.errors import BackendError, MissingExtraError, UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["adapter_weights_of", "locate", "locate_adapter", "weights_of"]

_TEXT_FILES = ("*.json", "*.jinja", "*.model", "*.txt")
_SAFE, _OLD = "*.safetensors", "*.bin"
_KINDS = ((*_TEXT_FILES, _SAFE), (*_TEXT_FILES, _OLD))
# What transformers loads lies at the root; in folders there are other engines and other formats.
_NOT_WANTED = ("*/*", "consolidated*", "*.fp16.*", "*.bf16.*", "*.fp32.*", "training_args.bin")
# In the order in which transformers looks for them; an index names the files of the weights.
_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
_ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
_ADAPTER = "adapter_config.json"


def locate(model: str) -> Path:
    """Return the folder of a model, downloading it when it is nowhere and the network may be used.

    A folder of that name comes first, then the Hugging Face cache (so an id without a revision
    stays what it was when it was downloaded), then the hub.

    Args:
        model: A folder, or an id on the hub, followed by ``@revision`` if one is wanted.

    Raises:
        MissingExtraError: If transformers is not installed.
        UserError: If it is an adapter, which has no weights of its own to stand on.
        BackendError: If there is no such model, or it cannot be had without a network.
    """
    folder = _find(model, _is_model_or_adapter, "a causal language model")
    if _is_adapter(folder):
        raise _is_an_adapter(model, folder)
    return folder


def locate_adapter(adapter: str) -> Path:
    """Return the folder of a PEFT adapter, downloading it as `locate` does.

    Args:
        adapter: A folder, or an id on the hub, followed by ``@revision`` if one is wanted.

    Raises:
        MissingExtraError: If peft is not installed.
        BackendError: If there is no such adapter, or it cannot be had without a network.
    """
    if importlib.util.find_spec("peft") is None:
        raise MissingExtraError("An adapter of a causal language model", extra="models")
    return _find(adapter, _has_adapter, "a PEFT adapter")


def weights_of(folder: Path) -> list[Path]:
    """Return the files of a model's weights that transformers would load.

    Returns:
        The files in the order of their names, whether they are there or not; empty where there
        is no model.

    Raises:
        BackendError: If the list of the files cannot be read.
    """
    first = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
    if first is None:
        return []
    if first.suffix != ".json":
        return [first]
    try:
        named = set(json.loads(first.read_text(encoding="utf-8"))["weight_map"].values())
        return [folder / name for name in sorted(named)]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise BackendError(
            "The list of the files of the weights is not one.",
            where=str(first),
            fix="Download the model again, or name another.",
        ) from error


def adapter_weights_of(folder: Path) -> Path | None:
    """Return the file of an adapter's weights that peft would load, or None if there is none."""
    return next((folder / n for n in _ADAPTER_WEIGHTS if (folder / n).is_file()), None)


def _has_adapter(folder: Path) -> bool:
    return (folder / _ADAPTER).is_file() and adapter_weights_of(folder) is not None


def _is_adapter(folder: Path) -> bool:
    return _has_adapter(folder) and not _is_model(folder)


def _is_model(folder: Path) -> bool:
    weights = weights_of(folder)
    is_whole = bool(weights) and all(file.is_file() for file in weights)
    return is_whole and (folder / "config.json").is_file()


def _is_model_or_adapter(folder: Path) -> bool:
    return _is_model(folder) or _is_adapter(folder)


def _find(name: str, is_whole: Callable[[Path], bool], what: str) -> Path:
    """Return the folder that holds what is wanted, wherever it is."""
    if importlib.util.find_spec("transformers") is None:
        raise MissingExtraError("A causal language model", extra="models")
    folder = folder_named(name)
    if folder is not None:
        if not is_whole(folder):
            raise _not_whole(folder, what)
        return folder
    repo, _, revision = name.partition("@")
    wanted = Repository(repo, revision, kinds=_KINDS, ignored=_NOT_WANTED, is_whole=is_whole)

    def absent(reason: str) -> BackendError:
        return BackendError(
            f"{name} is not on this machine, or not whole, and {reason}.",
            where=f"model: {name}",
            fix=f"Name a folder that holds {what}, or download it where there is a network: "
            f"`hf download {repo}{f' --revision {revision}' if revision else ''}`.",
        )

    found = wanted.had(absent)
    if found is None:
        raise BackendError(
            f"The repository {repo} is not {what} that transformers can load.",
            where=f"model: {name}",
            fix="It needs settings (config.json or adapter_config.json) and weights in "
            "safetensors; GGUF and other formats are not read.",
        )
    return found


def _not_whole(folder: Path, what: str) -> BackendError:
    """Say what a folder lacks."""
    missing = [file.name for file in weights_of(folder) if not file.is_file()]
    if missing:
        lack = f"it lacks weights such as {missing[0]}"
    elif what == "a PEFT adapter":
        is_set = (folder / _ADAPTER).is_file()
        lack = f"it has no {_ADAPTER_WEIGHTS[0] if is_set else _ADAPTER}"
    elif not weights_of(folder):
        lack = "it has no weights in safetensors"
    else:
        lack = "it has no config.json"
    return BackendError(
        f"The folder {folder} does not hold {what}: {lack}.",
        where=str(folder),
        fix="Name a folder that `save_pretrained` wrote, or a copy of a repository.",
    )


def _is_an_adapter(model: str, folder: Path) -> UserError:
    """Tell how to name an adapter, with the model that it says it belongs to."""
    try:
        said = json.loads((folder / _ADAPTER).read_text(encoding="utf-8"))
        base = said.get("base_model_name_or_path") or "BASE"
    except (ValueError, AttributeError):
        base = "BASE"
    return UserError(
        f"{model} is an adapter, not a model.",
        where=f"model: {model}",
        fix=f"Write `model: {base}` and `adapter: {model}`.",
    )
