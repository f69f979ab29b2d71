"""What one step of gradient descent on a pair alone would do to its chosen response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.displacement.data import Tokens

__all__ = ["drift_alone"]


def drift_alone(model: Any, pairs: Sequence[Tokens]) -> NDArray[np.float64]:
    """Return how ln pi(chosen) of each pair begins to change when it is trained on alone.

    Where training begins, the loss of DPO falls fastest along g+ - g-, with g the gradient of
    ln pi of a response in all weights; ln pi(chosen) then changes by <g+, g+ - g->. That is what
    the theory behind CHES speaks of: it drops all but the hidden states and the unembedding.

    Returns:
        ``(n, 2)``: <g+, g+> and <g+, g+ - g->, up to a factor that is the same for all pairs.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    out = np.zeros((len(pairs), 2))
    for number, pair in enumerate(pairs):
        chosen = _gradient(model, weights, pair.prompt, pair.chosen)
        rejected = _gradient(model, weights, pair.prompt, pair.rejected)
        square = sum(float((one * one).sum()) for one in chosen)
        shared = sum(float((a * b).sum()) for a, b in zip(chosen, rejected, strict=True))
        out[number] = square, square - shared
    return out


def _gradient(
    model: Any, weights: list[Any], prompt: NDArray[np.int32], response: NDArray[np.int32]
) -> tuple[Any, ...]:
    """Return the gradient of ln pi(response | prompt)."""
    import torch

    ids = torch.from_numpy(np.concatenate([prompt, response]).astype(np.int64))
    logits = model(input_ids=ids[None]).logits[0, len(prompt) - 1 : -1].float()
    likelihood = logits.log_softmax(-1).gather(-1, ids[len(prompt) :, None]).sum()
    gradient: tuple[Any, ...] = torch.autograd.grad(likelihood, weights)
    return gradient
