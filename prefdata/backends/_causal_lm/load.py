"""Loads a causal language model and takes its backbone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.backends._causal.load import load_model
from prefdata.backends._causal_lm.backbone import Backbone, take
from prefdata.backends._hub.quiet import quietly

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load"]


def load(folder: Path, adapter: Path | None, *, dtype: str, device: str) -> Backbone:
    """Return the backbone of a model, in evaluation mode on a device; its head is let go.

    Args:
        folder: Of the model.
        adapter: Folder of a PEFT adapter to merge into it, or None.
        dtype: ``float32``, ``bfloat16`` or ``float16``, whatever the weights were saved in.
        device: As torch names it.

    Raises:
        MissingExtraError: If a library is not installed.
        BackendError: If the model cannot be loaded, or is none whose states can be had.
    """
    model = load_model(folder, adapter, dtype=dtype, device=device, needs_head=False)
    import torch

    with quietly(), torch.no_grad():
        return take(model, str(folder))
