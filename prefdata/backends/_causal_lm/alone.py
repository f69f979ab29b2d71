"""One response after its prompt in each row: no mask at all, so the fastest attention stays on.

Rows are filled up on the right, where no token of theirs looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefdata.backends._causal_lm.backbone import PAD
from prefdata.backends._causal_lm.masks import packed_rows
from prefdata.backends._causal_lm.sums import kept
from prefdata.protocols import TokenUnit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.backends._causal_lm.backbone import Backbone

__all__ = ["alone", "apart"]


def alone(backbone: Backbone, units: Sequence[TokenUnit]) -> Any:
    """Return sum and last state of the response of each unit.

    Args:
        backbone: Of the model.
        units: At least one, each with one response.

    Returns:
        A tensor ``(n, 2, d)`` of float32.
    """
    rows = packed_rows(units, pad=PAD, is_aligned=backbone.device.type == "cuda")
    return kept(backbone.states(rows.ids), rows)


def apart(unit: TokenUnit) -> list[TokenUnit]:
    """Return a unit for each response of a unit."""
    return [TokenUnit(unit.prompt, (response,)) for response in unit.responses]
