"""Who judged what is published, in tables that name nobody; see `publication_facts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prefdata.metrics.agreement import krippendorff_alpha
from prefdata.privacy.kanon import safe_counts
from prefdata.publishing.facts import AnnotatorFacts, DemographicTable

if TYPE_CHECKING:
    import polars as pl

    from prefdata.catalog import Session

__all__ = ["annotator_facts"]

_DEMOGRAPHICS = (
    "country",
    "birth_country",
    "age_band",
    "gender",
    "education",
    "employment",
    "religion",
    "ethnicity",
    "politics",
)
_FEWEST_ITEMS = 30

# A comparison is two responses by id, whichever is chosen.
_VOTES = """
SELECT p.source, coalesce(annotators.kind, 'pooled') AS kind,
    least(p.chosen_id, p.rejected_id) || ' ' || greatest(p.chosen_id, p.rejected_id)
        || ' ' || p.aspect AS comparison,
    (p.chosen_id < p.rejected_id)::INTEGER AS level, coalesce(p.n_votes, 1) AS votes
FROM (SELECT DISTINCT ON (pair_id) * FROM published_pairs) AS p
LEFT JOIN annotators USING (annotator_id)
"""


def annotator_facts(session: Session, *, k: int) -> tuple[AnnotatorFacts, ...]:
    """Describe who judged what is published, in tables that name nobody, after `mark_published`.

    Args:
        session: The snapshot.
        k: People that must share a value before it is counted.
    """
    votes = session.connection.sql(_VOTES).pl()
    heads = session.connection.execute(
        "SELECT p.source, coalesce(annotators.kind, 'pooled'), count(DISTINCT p.annotator_id), "
        "count(DISTINCT p.pair_id) FROM published_pairs AS p "
        "LEFT JOIN annotators USING (annotator_id) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    found = []
    for source, kind, n, n_pairs in heads:
        own = votes.filter((votes["source"] == source) & (votes["kind"] == kind))
        per, alpha = _agreement(own)
        tables = _demographics(session, source, k) if kind == "human" else ()
        found.append(AnnotatorFacts(source, kind, n, n_pairs, per, alpha, tables))
    return tuple(found)


def _agreement(votes: pl.DataFrame) -> tuple[float | None, float | None]:
    """Return the mean number of votes behind a comparison, and Krippendorff's alpha."""
    if votes.is_empty():
        return None, None
    table = votes.pivot("level", index="comparison", values="votes", aggregate_function="sum")
    counts = np.zeros((table.height, 2), dtype=np.int64)
    for level in (0, 1):
        if str(level) in table.columns:
            counts[:, level] = table[str(level)].fill_null(0).to_numpy()
    per = float(counts.sum() / len(counts))
    if int((counts.sum(axis=1) > 1).sum()) < _FEWEST_ITEMS:
        return per, None
    return per, krippendorff_alpha(counts)


def _demographics(session: Session, source: str, k: int) -> tuple[DemographicTable, ...]:
    people = session.connection.sql(
        "SELECT annotators.* FROM annotators WHERE source = $source AND kind = 'human' AND "
        "annotator_id IN (SELECT annotator_id FROM published_pairs) ORDER BY annotator_id",
        params={"source": source},
    ).pl()
    return tuple(
        DemographicTable(source, name, tuple(safe_counts(people, name, k)))
        for name in _DEMOGRAPHICS
        if people[name].null_count() < people.height
    )
