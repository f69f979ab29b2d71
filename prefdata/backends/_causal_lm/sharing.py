"""How the responses to one prompt share its states: the three ways, behind one face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from prefdata.backends._causal_lm.alone import alone, apart
from prefdata.backends._causal_lm.cached import cached
from prefdata.backends._causal_lm.masks import reaches
from prefdata.backends._causal_lm.packed import packed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.backends._causal_lm.backbone import Backbone
    from prefdata.backends._causal_lm.masks import Reach
    from prefdata.protocols import TokenUnit

__all__ = ["Mode", "Sharing", "Wanted", "promising"]

Mode = Literal["packed", "cache", "none"]
Wanted = Literal["auto", "packed", "cache", "none"]


@dataclass(frozen=True, slots=True)
class Sharing:
    """One way to compute units.

    Attributes:
        mode: Its name.
        backbone: Of the model.
        chunk: Tokens that go through the model at once in the mode ``cache``.
    """

    mode: Mode
    backbone: Backbone
    chunk: int

    def parts(self, unit: TokenUnit) -> list[TokenUnit]:
        """Return what of a unit is computed at once, its responses in their order."""
        return apart(unit) if self.mode == "none" else [unit]

    def states(self, parts: Sequence[TokenUnit]) -> Any:
        """Return sum and last state of each response of parts, in one pass or (cache) in several.

        Returns:
            A tensor ``(n, 2, d)`` of float32, for the ``n`` responses of all parts.
        """
        import torch

        if all(len(part.responses) == 1 for part in parts):
            return alone(self.backbone, parts)
        if self.mode == "packed":
            return packed(self.backbone, parts, self._reaches())
        return torch.cat([cached(self.backbone, part, self.chunk) for part in parts])

    def _reaches(self) -> Sequence[Reach]:
        found = reaches(self.backbone)
        if found is None:
            raise ValueError("a kind of layer that cannot be told what a token may see")
        return found


def promising(backbone: Backbone) -> list[Mode]:
    """Return the modes that a model may stand, the best first; ``none`` is always the last."""
    modes: list[Mode] = []
    if reaches(backbone) is not None:
        modes.append("packed")
    if backbone.cache_name is not None:
        modes.append("cache")
    return [*modes, "none"]
