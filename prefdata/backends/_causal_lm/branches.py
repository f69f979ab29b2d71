"""Attention over one packed row, branch by branch: what no token sees is not computed.

A mask hides the other responses from a response, but the products with them are made all the
same. With a single row, each branch can look at the prompt and itself alone.
"""

from __future__ import annotations

import contextlib
import itertools
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["BY_BRANCH", "by_branch", "single_row"]

BY_BRANCH = "sdpa-by-branch"
"""The name of this attention in transformers."""


@dataclass(slots=True)
class _Row:
    """The row that is computed."""

    ends: tuple[int, ...]
    """Where the prompt and each response ends."""
    masks: dict[int, tuple[Any, list[Any]]] = field(default_factory=dict)
    """By the identity of the mask of a layer: that mask, and its parts that are not all hidden."""


_ROW: ContextVar[_Row | None] = ContextVar("row", default=None)
"""None: attention as usual."""


def by_branch(module: Any) -> bool:
    """Let a model use this attention where it lets its attention be chosen.

    Args:
        module: A ``PreTrainedModel`` with the attention of torch.

    Returns:
        Whether it does.
    """
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(BY_BRANCH, _attention)
    AttentionMaskInterface.register(BY_BRANCH, sdpa_mask)
    try:
        module.set_attn_implementation(BY_BRANCH)
    except (ValueError, RuntimeError, AttributeError):
        return False
    return bool(module.config.get_text_config()._attn_implementation == BY_BRANCH)  # noqa: SLF001 - it has no other name


@contextlib.contextmanager
def single_row(prompt: int, ends: Sequence[int]) -> Iterator[None]:
    """Compute one row by branches meanwhile.

    Args:
        prompt: Tokens of the prompt.
        ends: Where each response ends, the last one at the end of the row.
    """
    token = _ROW.set(_Row((prompt, *ends)))
    try:
        yield
    finally:
        _ROW.reset(token)


def _attention(
    module: Any, query: Any, key: Any, value: Any, mask: Any, **more: Any
) -> tuple[Any, Any]:
    """Attend as the function ``sdpa`` of transformers does, in parts if one row is computed.

    Args:
        module: The layer's attention.
        query: ``(1, heads, w, width of a head)``.
        key: Like the query, with heads of its own number.
        value: Like the key.
        mask: ``(1, 1, w, w)``.
        more: Settings of the attention.
    """
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    row = _ROW.get()
    if row is None or mask is None:
        return sdpa_attention_forward(module, query, key, value, mask, **more)
    if id(mask) not in row.masks:
        row.masks[id(mask)] = mask, _parts(mask, row.ends)
    found = []
    for (start, end), part in zip(_spans(row.ends), row.masks[id(mask)][1], strict=True):
        own = slice(start, end)
        if start:
            prompt = slice(0, row.ends[0])
            keys = torch.cat([key[:, :, prompt], key[:, :, own]], dim=2)
            values = torch.cat([value[:, :, prompt], value[:, :, own]], dim=2)
        else:
            keys, values = key[:, :, own], value[:, :, own]
        attended = sdpa_attention_forward(module, query[:, :, own], keys, values, part, **more)
        found.append(attended[0])
    return torch.cat(found, dim=1), None


def _spans(ends: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return where the prompt and each response that has a token begins and ends."""
    return [span for span in itertools.pairwise((0, *ends)) if span[0] < span[1]]


def _parts(mask: Any, ends: tuple[int, ...]) -> list[Any]:
    """Return what each part of a row sees: of the prompt, and of itself."""
    import torch

    prompt = ends[0]
    of_prompt = mask[:, :, :prompt, :prompt]
    # Without a mask, attention leaves out what comes later instead of hiding it.
    is_causal = int((of_prompt == 0).sum()) == prompt * (prompt + 1) // 2
    parts = [None if is_causal else of_prompt]
    for start, end in _spans(ends)[1:]:
        rows = mask[:, :, start:end]
        parts.append(torch.cat([rows[..., :prompt], rows[..., start:end]], dim=3))
    return parts
