"""Annotators with the published counts of PRISM's survey, each column drawn by itself.

The counts of every answer are the published ones; which answers go together is chance, so more
people stand out than among real ones, whose answers go together.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from prefdata.testing.world.counts import apportion, column
from prefdata.testing.world.prism_places import SPECIAL_REGIONS
from prefdata.testing.world.prism_tables import N_PARTICIPANTS, SURVEY

__all__ = ["PRISM_FACTS", "prism_people"]

PRISM_FACTS = {
    "age_band": SURVEY["age"],
    "gender": SURVEY["gender"],
    "country": SPECIAL_REGIONS,
    "ethnicity": SURVEY["ethnicity"],
    "religion": SURVEY["religion"],
    "education": SURVEY["education"],
    "employment": SURVEY["employment_status"],
    "proficiency": SURVEY["english_proficiency"],
}
"""Column of ``annotators`` to published counts of its values; ``country`` holds regions."""


def prism_people(seed: int = 0, n: int = N_PARTICIPANTS) -> pl.DataFrame:
    """Return annotator_id, source, kind and the columns of `PRISM_FACTS` of so many people.

    Args:
        seed: Decides which answers go together.
        n: Number of people; the shares of answers stay as they are.
    """
    rng = np.random.default_rng(seed)
    facts = {name: column(rng, apportion(counts, n)) for name, counts in PRISM_FACTS.items()}
    ids = [f"prism:user{row}" for row in range(n)]
    return pl.DataFrame({"annotator_id": ids, "source": "prism", "kind": "human"} | facts)
