"""Parameters of `routing`."""

from __future__ import annotations

from pydantic import Field

from prefdata.protocols import Outside, Params

__all__ = ["Routing"]


class Routing(Params):
    """Parameters of `routing`."""

    route_from: str = Field(default="route", description="The step that made the plan.")
    votes_from: str | None = Field(
        default="aggregate-votes",
        description="The step that measured how far annotators agree; null to leave that out.",
    )
    k: int = Field(
        default=5, ge=0, le=100, description="Comparisons to read from the head of the queue."
    )
    annotators: int = Field(
        default=20, ge=0, description="Annotators that are listed, those with most judgments first."
    )

    def outside(self) -> Outside:
        """Name the steps that are read."""
        steps = (
            (self.route_from,) if self.votes_from is None else (self.route_from, self.votes_from)
        )
        return Outside(steps=steps)

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Read what annotators said only where it is asked for."""
        unread = () if self.votes_from else ("agreements", "annotator_quality")
        return tuple(table for table in declared if table not in unread)
