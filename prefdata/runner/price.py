"""What a recipe's requests to chat models would cost, before any is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.chat.estimate import ChatEstimator
from prefdata.core.events import Report, silent
from prefdata.runner.results import StepResults
from prefdata.runner.steps import execute
from prefdata.runner.units import units

if TYPE_CHECKING:
    from prefdata.catalog import Catalog
    from prefdata.chat.estimate import EstimateLine
    from prefdata.recipes import Recipe

__all__ = ["price"]


def price(catalog: Catalog, recipe: Recipe, *, report: Report = silent) -> list[EstimateLine]:
    """Go through a recipe with stand-ins for the answers that are not known, and commit nothing.

    Every step does its work, so what depends on earlier steps is counted too: checks of texts that
    are yet to be written, for instance. Embeddings and scores that steps need are computed, and
    kept. What is written again because it fails a check cannot be foreseen.

    Args:
        catalog: The catalog to read.
        recipe: What would be run.
        report: Where to tell progress.

    Returns:
        A line for each step, purpose and model; none where no step asks a model.

    Raises:
        RecipeError: If the recipe does not fit the catalog.
    """
    results = StepResults(catalog.workspace)
    estimator = ChatEstimator(catalog)
    with catalog.write() as write:
        for unit in units(recipe, catalog, report=report):
            known = results.get(unit.fingerprint(write.state()))
            if known is None:
                # What steps say of stand-ins would be taken for findings.
                execute(unit, catalog, write, silent, chat=estimator)
                continue
            for (table, part), entries in known.outputs.items():
                write.adopt(table, part, entries)
    return estimator.lines
