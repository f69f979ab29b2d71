"""From the states of rows to what is kept of each response: their sum, and the last of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefdata.backends._causal_lm.masks import Rows

__all__ = ["kept"]


def kept(states: Any, rows: Rows) -> Any:
    """Return sum and last state of each response in rows.

    The states of a response are next to each other, so each sum is one reduction in float32 over
    a slice: no masks, which would keep what is not a number, and no order that chance decides.

    Args:
        states: ``(b, w, d)``.
        rows: What was computed.

    Returns:
        A tensor ``(n, 2, d)`` of float32, for the ``n`` responses of all rows.
    """
    import torch

    found = []
    for row, n_prompt, ends in zip(states, rows.prompts, rows.ends, strict=True):
        before, start = row[n_prompt - 1].float(), n_prompt
        for end in ends:
            # The state after the prompt predicts the first token of each response.
            sums = before + row[start:end].sum(dim=0, dtype=torch.float32)
            last = row[end - 1].float() if end > start else before
            found.append(torch.stack([sums, last]))
            start = end
    return torch.stack(found)
