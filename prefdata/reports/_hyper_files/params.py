"""Parameters of `hyper-files`."""

from __future__ import annotations

from pydantic import Field

from prefdata.protocols import Outside, Params

__all__ = ["HyperFiles"]


class HyperFiles(Params):
    """Parameters of `hyper-files`."""

    votes: tuple[str, ...] = Field(
        default=("source-votes", "judge-votes", "human-votes"),
        description="The steps whose pairs are labels of people and of the AI.",
    )
    features: str = Field(default="route-features", description="The step that set the tags.")
    route_from: str | None = Field(
        default="route",
        description="The step whose plan is written as one more mix; null for none.",
    )
    aspect: str = Field(default="overall", description="The aspect that was judged.")
    n_mixes: int = Field(
        default=10,
        ge=0,
        description="Random mixes. HyPER trains a reward model on each of 200; every file holds "
        "the texts of all its pairs.",
    )
    n_samples: int = Field(
        default=7000, ge=1, description="Most pairs of a mix, drawn by the seed; HyPER's default."
    )
    seed: int = Field(default=0, description="Of mixes and of the pairs that are drawn.")

    def outside(self) -> Outside:
        """Name the steps that are read."""
        plan = () if self.route_from is None else (self.route_from,)
        return Outside(steps=(*self.votes, self.features, *plan))
