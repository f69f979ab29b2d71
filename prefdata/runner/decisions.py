"""How many pairs the selecting steps of a run kept, and why the others are out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.catalog import Session

if TYPE_CHECKING:
    from prefdata.catalog import Catalog
    from prefdata.runner.run import RunResult

__all__ = ["decisions"]

_COUNTS = """
SELECT stage, CASE WHEN is_kept THEN NULL ELSE reason END AS why, count(*)
FROM decisions WHERE list_contains($steps, stage) AND list_contains($sources, source)
GROUP BY ALL ORDER BY stage, count(*) DESC, why
"""


def decisions(catalog: Catalog, result: RunResult) -> dict[str, dict[str | None, int]]:
    """Return for each selecting step of a run the number of pairs by reason; None is kept.

    Args:
        catalog: The catalog that the run committed to.
        result: What the run did.
    """
    values = {
        "steps": sorted({step.step for step in result.steps}),
        "sources": sorted({step.source for step in result.steps}),
    }
    found: dict[str, dict[str | None, int]] = {}
    with Session(catalog.workspace, result.snapshot.state, has_views=False) as session:
        for stage, why, count in session.connection.sql(_COUNTS, params=values).fetchall():
            found.setdefault(stage, {})[why] = count
    return found
