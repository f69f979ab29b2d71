"""The prompt once, then its responses from what the model kept of it; both in pieces if long."""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.backends._causal_lm.backbone import PAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from prefdata.backends._causal_lm.backbone import Backbone
    from prefdata.protocols import TokenUnit

__all__ = ["cached"]


def cached(backbone: Backbone, unit: TokenUnit, budget: int) -> Any:
    """Return sum and last state of each response of a unit.

    Positions and masks are the model's own: no row has anything before its prompt, and what a row
    is filled up with on the right is seen by nothing.

    Args:
        backbone: Of the model.
        unit: With at least one response.
        budget: Tokens that go through the model at once.

    Returns:
        A tensor ``(K, 2, d)`` of float32.

    Raises:
        ValueError: If the model keeps nothing of what it has read.
    """
    import torch

    before, cache = _prompt(backbone, unit.prompt, budget)
    # An empty response ends where the prompt does.
    found = torch.stack([before, before]).repeat(len(unit.responses), 1, 1)
    groups = list(_groups(unit, budget))
    for number, group in enumerate(groups):
        is_last = number == len(groups) - 1
        own = cache if is_last else copy.deepcopy(cache)
        if len(group) > 1:
            own.reorder_cache(torch.zeros(len(group), dtype=torch.long, device=backbone.device))
        _add(backbone, [unit.responses[k] for k in group], own, budget, found, group)
    return found


def _prompt(backbone: Backbone, prompt: NDArray[np.int32], budget: int) -> tuple[Any, Any]:
    """Read the prompt; return its last state and the cache."""
    states = cache = None
    for start in range(0, len(prompt), budget):
        piece = prompt[None, start : start + budget].astype(np.int64)
        states, cache = backbone.extended(piece, cache)
    return states[0, -1].float(), cache  # type: ignore[index]


def _groups(unit: TokenUnit, budget: int) -> Iterator[list[int]]:
    """Yield the responses that are read together: longest first, as many as the budget holds.

    What the model keeps of the prompt is copied for each, so it counts.
    """
    lengths = np.array([len(response) for response in unit.responses])
    order = [int(k) for k in np.argsort(-lengths, kind="stable") if lengths[k]]
    while order:
        size = max(1, budget // (len(unit.prompt) + int(lengths[order[0]])))
        group, order = order[:size], order[size:]
        yield group


def _add(
    backbone: Backbone,
    responses: Sequence[NDArray[np.int32]],
    cache: Any,
    budget: int,
    found: Any,
    group: Sequence[int],
) -> None:
    """Read responses, the longest first, and add their states to what was found."""
    import torch

    ids = np.full((len(responses), len(responses[0])), PAD, np.int64)
    for row, response in enumerate(responses):
        ids[row, : len(response)] = response
    step = max(1, budget // len(responses))
    edges = [*range(0, ids.shape[1], step), ids.shape[1]]
    for start, end in itertools.pairwise(edges):
        states, cache = backbone.extended(ids[:, start:end], cache)
        for row, (k, response) in enumerate(zip(group, responses, strict=True)):
            here = min(len(response), end) - start
            if here <= 0:
                continue
            found[k, 0] += states[row, :here].sum(dim=0, dtype=torch.float32)
            found[k, 1] = states[row, here - 1].float()
