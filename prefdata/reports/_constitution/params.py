"""Parameters of the report `constitution`."""

from __future__ import annotations

from pydantic import Field

from prefdata.protocols import Outside, Params

__all__ = ["ConstitutionReport"]


class ConstitutionReport(Params):
    """Parameters of the report `constitution`."""

    constitution_from: str = Field(
        default="constitution", description="The step that measured the principles."
    )
    principles: int = Field(
        default=30, ge=1, description="Principles that the figure shows, the strongest first."
    )
    contrasts: int = Field(
        default=20, ge=1, description="Differences between groups that the figure shows."
    )
    groups: int = Field(
        default=8, ge=1, description="Groups that stand side by side, those of most labels first."
    )
    k: int = Field(default=2, ge=0, description="Pairs to read for each principle and side.")

    def outside(self) -> Outside:
        """Name the step that is read."""
        return Outside(steps=(self.constitution_from,))
