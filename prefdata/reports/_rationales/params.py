"""Parameters of `rationales`."""

from __future__ import annotations

from pydantic import Field

from prefdata.protocols import Outside, Params

__all__ = ["Rationales"]


class Rationales(Params):
    """Parameters of `rationales`."""

    gate_from: str = Field(
        default="gate-rationales", description="The step that checked the rationales."
    )
    k: int = Field(
        default=5,
        ge=0,
        le=100,
        description="Rationales to read: as many that are kept, and as many for each check that "
        "failed.",
    )

    def outside(self) -> Outside:
        """Name the step that is read."""
        return Outside(steps=(self.gate_from,))
