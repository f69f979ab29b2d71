"""A prompt with all its responses in one row: every token goes through the model once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefdata.backends._causal_lm.backbone import PAD
from prefdata.backends._causal_lm.branches import BY_BRANCH, single_row
from prefdata.backends._causal_lm.masks import mask_of, packed_rows
from prefdata.backends._causal_lm.sums import kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.backends._causal_lm.backbone import Backbone
    from prefdata.backends._causal_lm.masks import Reach
    from prefdata.protocols import TokenUnit

__all__ = ["packed"]


def packed(backbone: Backbone, units: Sequence[TokenUnit], reaches: Sequence[Reach]) -> Any:
    """Return sum and last state of each response of units.

    Args:
        backbone: Of the model.
        units: At least one, each with responses.
        reaches: The kinds of attention in the model.

    Returns:
        A tensor ``(n, 2, d)`` of float32, for the ``n`` responses of all units.
    """
    is_one = len(units) == 1
    rows = packed_rows(units, pad=PAD, is_aligned=not is_one and backbone.device.type == "cuda")
    masks = {reach.kind: mask_of(rows, reach, backbone) for reach in reaches}
    mask = masks if len(masks) > 1 else next(iter(masks.values()))
    if is_one and backbone.attention == BY_BRANCH:
        with single_row(rows.prompts[0], rows.ends[0]):
            states = backbone.states(rows.ids, rows.positions, mask)
    else:
        states = backbone.states(rows.ids, rows.positions, mask)
    return kept(states, rows)
