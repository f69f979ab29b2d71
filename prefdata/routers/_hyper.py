"""The parameters that routers as HyPER published them share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prefdata.protocols import Outside, Params

__all__ = ["HyperParams"]


class HyperParams(Params):
    """What HyPER's model learns from; each router has its own default of the form."""

    model: Literal["linear", "quadratic"] = Field(
        default="linear",
        description="Regression on the counts of tags, or on these and their products.",
    )
    n_mixes: int = Field(
        default=300, ge=20, description="Mixes that reward heads are fitted to, without `runs`."
    )
    runs: str | None = Field(
        default=None,
        description="A file of training runs as HyPER publishes it, `*-counts-runs.csv`; the "
        "model learns from these instead of from reward heads on the labels at hand.",
    )

    def outside(self) -> Outside:
        """Name the file that is read."""
        return Outside(files=() if self.runs is None else (self.runs,))
