"""Opens a sentence model on the best device, without a word on the terminal."""

from __future__ import annotations

import importlib.util
import re
import warnings
from typing import TYPE_CHECKING, Any

from prefdata.backends._hub.quiet import first_line, quietly
from prefdata.core.errors import BackendError, MissingExtraError, UserError

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.protocols import EmbedderParams

__all__ = ["device_of", "load"]

_MISSING = re.compile(r"^([\w.{}, -]+?)\s*\|\s*(?:\x1b\[[\d;]*m)?MISSING", re.MULTILINE)
_ENGINES = {
    "onnx": (("optimum", "onnxruntime"), "pip install 'sentence-transformers[onnx]'"),
    "openvino": (("optimum", "openvino"), "pip install 'sentence-transformers[openvino]'"),
}


def device_of(wanted: str) -> str:
    """Return the device to use; for ``auto`` the first that is there of CUDA, MPS and CPU.

    Raises:
        BackendError: If the device is not there.
    """
    import torch

    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, is_there in has.items() if is_there)
    kind, _, number = wanted.partition(":")
    is_number = not number or (number.isdecimal() and kind == "cuda")
    if not has.get(kind) or not is_number or int(number or 0) >= _count(kind):
        there = ", ".join(name for name, is_there in has.items() if is_there)
        raise BackendError(
            f"There is no device {wanted!r} here.",
            where="device",
            fix=f"Use `device: auto` or one of: {there}.",
        )
    return wanted


def _count(kind: str) -> int:
    import torch

    return int(torch.cuda.device_count()) if kind == "cuda" else 1


def load(folder: Path, params: EmbedderParams) -> Any:
    """Return the ``SentenceTransformer`` of a folder, in evaluation mode.

    Its weights are float16 on CUDA and float32 elsewhere, whatever they were saved in. Code that
    comes with a model is not run.

    Raises:
        MissingExtraError: If sentence-transformers is not installed.
        BackendError: If the device or the engine is not there, or the model cannot be loaded.
        UserError: If the vectors are shorter than ``params.dimension``.
    """
    _check_engine(params.engine)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import torch
            from sentence_transformers import SentenceTransformer
    except ModuleNotFoundError as error:
        raise MissingExtraError("The sentence embedder", extra="embed") from error
    device = device_of(params.device)
    dtype = torch.float16 if device.startswith("cuda") else torch.float32
    try:
        with quietly() as told:
            model = SentenceTransformer(
                str(folder),
                device=device,
                local_files_only=True,
                model_kwargs={"dtype": dtype} if params.engine == "torch" else {},
                backend=params.engine,
            )
    except Exception as error:  # a folder that somebody else wrote can fail in any way
        raise BackendError(
            f"The model could not be loaded: {first_line(error)}",
            where=str(folder),
            fix="Check that sentence-transformers can load it; "
            "models that bring their own code are not supported.",
        ) from error
    _check_weights(told, folder)
    width = model.get_embedding_dimension()
    if params.dimension is not None and width is not None and params.dimension > width:
        raise UserError(
            f"The model gives vectors of {width} values, which cannot be cut to "
            f"{params.dimension}.",
            where="dimension",
            fix=f"Ask for at most {width}.",
        )
    return model.eval()


def _check_engine(engine: str) -> None:
    packages, fix = _ENGINES.get(engine, ((), ""))
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise BackendError(
            f"The engine {engine} needs packages that are not installed: {', '.join(missing)}.",
            where=f"engine: {engine}",
            fix=f"{fix}, or `engine: torch`.",
        )


def _check_weights(told: list[str], folder: Path) -> None:
    """Refuse a model of which a part was not in the file: that part is filled with chance."""
    # The pooler on top of BERT is left out by most models, and nothing uses it.
    missing = [
        key.strip() for text in told for key in _MISSING.findall(text) if "pooler" not in key
    ]
    if missing:
        raise BackendError(
            f"The weights of the model lack {len(missing)} of its parts, such as {missing[0]}.",
            where=str(folder),
            fix="Download the model again, or name another.",
        )
