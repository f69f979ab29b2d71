"""Loads a causal language model in the precision asked for, on the device asked for."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from prefdata.backends._hub.quiet import first_line, quietly
from prefdata.core.errors import BackendError, MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.protocols import CausalParams

__all__ = ["devices", "load_model"]

_WHAT = "A causal language model"
_EXTRA = "models"


def devices(params: CausalParams) -> tuple[str, ...]:
    """Return the devices that are to share the work; one may be named more than once.

    Raises:
        MissingExtraError: If torch is not installed.
        BackendError: If one of them is not there.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtraError(_WHAT, extra=_EXTRA) from error
    n_cuda = int(torch.cuda.device_count()) if torch.cuda.is_available() else 0
    has_mps = bool(torch.backends.mps.is_available())
    there = [*(f"cuda:{number}" for number in range(n_cuda)), *["mps"] * has_mps, "cpu"]
    if params.device.strip() == "auto":
        return tuple(there[:n_cuda] or there[:1])
    names = tuple(name.strip() for name in params.device.split(","))
    missing = [name for name in names if name not in there and not (name == "cuda" and n_cuda)]
    if missing:
        raise BackendError(
            f"There is no device {missing[0]!r} here.",
            where=f"device: {params.device}",
            fix=f"Use `device: auto` or some of: {', '.join(there)}.",
        )
    return names


def load_model(
    folder: Path, adapter: Path | None, *, dtype: str, device: str, needs_head: bool
) -> Any:
    """Return a model of transformers, in evaluation mode on a device.

    The precision is what is asked for, whatever the weights were saved in: transformers would
    keep theirs. Code that comes with a model is not run.

    Args:
        folder: Of the model.
        adapter: Folder of a PEFT adapter to merge into it, or None.
        dtype: ``float32``, ``bfloat16`` or ``float16``.
        device: As torch names it.
        needs_head: Whether the head is used, so that it must be in the file.

    Raises:
        MissingExtraError: If a library is not installed.
        BackendError: If the model cannot be loaded, or is no causal language model.
    """
    try:
        import torch
        import transformers  # noqa: F401 - so that a missing one is told as such
    except ModuleNotFoundError as error:
        raise MissingExtraError(_WHAT, extra=_EXTRA) from error
    with quietly(), torch.no_grad():
        config = _config(folder)
        model = _model(folder, config, getattr(torch, dtype), needs_head=needs_head)
        if adapter is not None:
            model = _merged(model, adapter)
        try:
            model = model.eval().requires_grad_(requires_grad=False).to(device)
            if device.startswith("cuda"):
                torch.cuda.set_device(device)  # kernels that are compiled for a model run there
        except (AssertionError, RuntimeError, ValueError) as error:
            # No such device or not memory enough; or it is quantised, and not to be moved.
            raise _failed(folder, error, config) from error
        return model


def _config(folder: Path) -> Any:
    from transformers import AutoConfig

    loader: Any = AutoConfig
    try:
        config = loader.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # a folder that somebody else wrote can fail in any way
        raise _failed(folder, error, None) from error
    _check_kind(folder, config)
    return config


def _check_kind(folder: Path, config: Any) -> None:
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING

    kind = str(getattr(config, "model_type", type(config).__name__))
    if getattr(config, "is_encoder_decoder", False):
        reason = "an encoder-decoder"
    elif type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        reason = "no causal language model"
    else:
        return
    raise BackendError(
        f"The model is a {kind}, which is {reason}: it has no states that predict the next token.",
        where=str(folder),
        fix="Name the causal language model that is to be trained.",
    )


def _model(folder: Path, config: Any, dtype: Any, *, needs_head: bool) -> Any:
    """Return the whole model, with the attention of torch where it has it."""
    from transformers import AutoModelForCausalLM

    loader: Any = AutoModelForCausalLM
    model = info = None
    for attention in ("sdpa", "eager"):
        try:
            model, info = loader.from_pretrained(
                str(folder),
                dtype=dtype,
                attn_implementation=attention,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
            break
        except Exception as error:  # a folder that somebody else wrote can fail in any way
            if attention == "eager" or "attention" not in str(error).lower():
                raise _failed(folder, error, config) from error
    _check_weights(folder, model, info, needs_head=needs_head)
    return model


def _check_weights(folder: Path, model: Any, info: Any, *, needs_head: bool) -> None:
    """Refuse a model of which a part was not in the file: that part is filled with chance."""
    prefix = "" if needs_head else model.base_model_prefix
    body = f"{prefix}." if prefix else ""
    missing = sorted(key for key in info["missing_keys"] if key.startswith(body))
    if missing:
        raise BackendError(
            f"The weights of the model lack {len(missing)} of its parts, such as {missing[0]}.",
            where=str(folder),
            fix="Download the model again, or name another.",
        )


def _merged(model: Any, adapter: Path) -> Any:
    """Return a model with an adapter's weights added to its own."""
    if importlib.util.find_spec("peft") is None:
        raise MissingExtraError("A PEFT adapter", extra=_EXTRA)
    from peft import PeftModel

    loader: Any = PeftModel
    try:
        wrapped = loader.from_pretrained(
            model, str(adapter), is_trainable=False, torch_device="cpu", local_files_only=True
        )
        if not hasattr(wrapped.base_model, "merge_and_unload"):
            raise _not_mergeable(adapter, f"it is of the kind {type(wrapped).__name__}")  # noqa: TRY301
        return wrapped.merge_and_unload(progressbar=False)
    except BackendError:
        raise
    except Exception as error:  # a folder that somebody else wrote can fail in any way
        raise _not_mergeable(adapter, first_line(error)) from error


def _not_mergeable(adapter: Path, reason: str) -> BackendError:
    return BackendError(
        f"The adapter cannot be merged into the model: {reason}",
        where=str(adapter),
        fix="Merge it yourself and name the folder of the merged model.",
    )


def _failed(folder: Path, error: Exception, config: Any) -> BackendError:
    quantisation = getattr(config, "quantization_config", None)
    hint = "" if quantisation is None else " Its weights are quantised: name the original."
    return BackendError(
        f"The model could not be loaded: {first_line(error)}",
        where=str(folder),
        fix="Check that transformers can load it with this `dtype` on this `device`; models that "
        f"bring their own code are not supported.{hint}",
    )
