"""How likely a model finds tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.displacement.data import Tokens

__all__ = ["response_log_probs", "token_log_probs"]

_BATCH_TOKENS = 1_024


def token_log_probs(model: Any, rows: Sequence[NDArray[np.int32]]) -> list[NDArray[np.float32]]:
    """Return the log-probability of each token after the first of each row, in nats.

    Args:
        model: A causal language model of transformers.
        rows: Token ids; padded on the right to the longest, which a causal model does not see.
    """
    import torch

    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
    tensor = torch.from_numpy(ids)
    with torch.inference_mode():
        logits = model(input_ids=tensor).logits[:, :-1].float()
        found = logits.gather(-1, tensor[:, 1:, None])[..., 0] - logits.logsumexp(-1)
    return [found[number, : len(row) - 1].numpy() for number, row in enumerate(rows)]


def response_log_probs(model: Any, pairs: Sequence[Tokens]) -> NDArray[np.float64]:
    """Return ``(n, 2)``: ln pi(chosen) and ln pi(rejected), sums over tokens, the last one too."""
    model.eval()
    out = np.zeros((len(pairs), 2))
    places = [(i, side) for i in range(len(pairs)) for side in (0, 1)]
    places.sort(key=lambda place: _length(pairs[place[0]], place[1]))
    while places:
        longest = _length(pairs[places[-1][0]], places[-1][1])
        n = max(_BATCH_TOKENS // longest, 1)
        taken, places = places[-n:], places[:-n]
        rows = [_row(pairs[i], side) for i, side in taken]
        for (i, side), found in zip(taken, token_log_probs(model, rows), strict=True):
            out[i, side] = found[len(pairs[i].prompt) - 1 :].sum(dtype=np.float64)
    return out


def _response(pair: Tokens, side: int) -> NDArray[np.int32]:
    return pair.rejected if side else pair.chosen


def _row(pair: Tokens, side: int) -> NDArray[np.int32]:
    return np.concatenate([pair.prompt, _response(pair, side)])


def _length(pair: Tokens, side: int) -> int:
    return len(pair.prompt) + len(_response(pair, side))
