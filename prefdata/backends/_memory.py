"""When a device runs out of memory: how it is known, and what can be given back."""

from __future__ import annotations

from typing import Any

__all__ = ["free", "is_out_of_memory"]

# Not every device has an error of its own for it.
_SAID = ("out of memory", "can't allocate memory", "not enough memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error of torch or Python means that there was not memory enough."""
    import torch

    is_named = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return is_named or any(words in str(error).lower() for words in _SAID)


def free(device: Any) -> None:
    """Give back what torch keeps of a device's memory for later.

    Args:
        device: A ``torch.device``.
    """
    import torch

    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
