"""Rows that hold a prompt and all its responses, and what each token of them may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.backends._causal_lm.backbone import Backbone
    from prefdata.protocols import TokenUnit

__all__ = ["Reach", "Rows", "mask_of", "packed_rows", "reaches"]

_PROMPT, _NOTHING = 0, -1
# Rows of such widths need no copies in the attention of CUDA.
_WIDTH_STEP = 8

Kind = Literal["full_attention", "sliding_attention", "chunked_attention"]
_SIZES = {"sliding_attention": "sliding_window", "chunked_attention": "attention_chunk_size"}


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back the layers of one kind see."""

    kind: Kind
    """As transformers calls it."""
    size: int | None
    """Tokens of the window or of the chunk; None: everything."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Units side by side, one in a row, filled up on the right."""

    ids: NDArray[np.int64]
    """``(b, w)``."""
    positions: NDArray[np.int64]
    """``(b, w)``: in the prompt from 0 on, in each response from the length of the prompt on."""
    branch: NDArray[np.int64]
    """``(b, w)``: 0 in the prompt, k in the k-th response, -1 where there is nothing."""
    prompts: tuple[int, ...]
    """Tokens of each prompt."""
    ends: tuple[tuple[int, ...], ...]
    """Where each response ends; the first begins where the prompt ends."""


def packed_rows(units: Sequence[TokenUnit], *, pad: int, is_aligned: bool = False) -> Rows:
    """Put each unit into a row: the prompt, then its responses one after the other.

    Args:
        units: At least one.
        pad: The id that fills rows up.
        is_aligned: Whether the width must suit a CUDA device.
    """
    step = _WIDTH_STEP if is_aligned else 1
    width = -(-max(unit.n_tokens for unit in units) // step) * step
    shape = (len(units), width)
    ids = np.full(shape, pad, np.int64)
    positions = np.zeros(shape, np.int64)
    branch = np.full(shape, _NOTHING, np.int64)
    ends = []
    for row, unit in enumerate(units):
        start = n_prompt = len(unit.prompt)
        ids[row, :start] = unit.prompt
        positions[row, :start] = np.arange(start)
        branch[row, :start] = _PROMPT
        ends.append(tuple(n_prompt + np.cumsum([len(r) for r in unit.responses]).astype(int)))
        for number, (response, end) in enumerate(zip(unit.responses, ends[-1], strict=True)):
            ids[row, start:end] = response
            positions[row, start:end] = n_prompt + np.arange(end - start)
            branch[row, start:end] = number + 1
            start = end
    return Rows(ids, positions, branch, tuple(len(unit.prompt) for unit in units), tuple(ends))


def mask_of(rows: Rows, reach: Reach, backbone: Backbone) -> Any:
    """Return what is added to the attention of layers: 0 where a token may look, else the least.

    A token sees the prompt and the earlier tokens of its own branch, as far back as the layers
    reach. Distances are those of positions: in a row, a response begins far from its prompt.
    What is no token sees itself, because attention to nothing is not a number.

    Returns:
        A tensor ``(b, 1, w, w)`` in the precision of the model.
    """
    import torch

    branch, positions = backbone.tensor(rows.branch), backbone.tensor(rows.positions)
    of_query, of_key = branch[:, :, None], branch[:, None, :]
    query, key = positions[:, :, None], positions[:, None, :]
    sees = ((of_key == _PROMPT) | (of_key == of_query)) & (key <= query)
    if reach.size is not None and reach.kind == "sliding_attention":
        sees &= key > query - reach.size
    elif reach.size is not None:
        sees &= key // reach.size == query // reach.size
    mask = torch.zeros(sees.shape, dtype=backbone.dtype, device=backbone.device)
    return mask.masked_fill_(~sees, torch.finfo(backbone.dtype).min)[:, None]


def reaches(backbone: Backbone) -> tuple[Reach, ...] | None:
    """Return the kinds of attention in a model, or None where another kind of layer is in it.

    Layers that carry a state along, or that choose what they see by what they read, have no mask.
    """
    config = backbone.config
    kinds = getattr(config, "layer_types", None)
    if kinds is None:
        is_sliding = (
            _masks_windows(backbone) and getattr(config, "sliding_window", None) is not None
        )
        kinds = ["sliding_attention" if is_sliding else "full_attention"]
    found = []
    for kind in sorted(set(kinds)):
        if kind != "full_attention" and kind not in _SIZES:
            return None
        size = getattr(config, _SIZES[kind], None) if kind in _SIZES else None
        found.append(Reach(kind, size))
    return tuple(found)


def _masks_windows(backbone: Backbone) -> bool:
    """Tell whether the code of a model masks sliding windows; settings alone do not tell."""
    import sys

    code = sys.modules[type(backbone.module).__module__]
    return hasattr(code, "create_sliding_window_causal_mask")
