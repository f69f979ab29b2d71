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

# A comparison is two responses by id, whichever is chosen. How many comparisons had how many votes
# for either is a short table, however many there are.
_VOTES = """
SELECT source, kind, firsts, seconds, count(*) AS n
FROM (
    SELECT p.source, coalesce(annotators.kind, 'pooled') AS kind,
        sum(CASE WHEN p.chosen_id < p.rejected_id THEN coalesce(p.n_votes, 1) ELSE 0 END) AS firsts,
        sum(CASE WHEN p.chosen_id < p.rejected_id THEN 0 ELSE coalesce(p.n_votes, 1) END) AS seconds
    FROM {published} AS p
    LEFT JOIN annotators USING (annotator_id)
    GROUP BY p.source, annotators.kind, least(p.chosen_id, p.rejected_id),
        greatest(p.chosen_id, p.rejected_id), p.aspect
)
GROUP BY ALL
ORDER BY ALL
"""
_HEADS = """
SELECT p.source, coalesce(annotators.kind, 'pooled') AS kind, count(DISTINCT p.annotator_id),
    count(*)
FROM {published} AS p
LEFT JOIN annotators USING (annotator_id)
GROUP BY ALL
ORDER BY ALL
"""


def annotator_facts(session: Session, *, k: int) -> tuple[AnnotatorFacts, ...]:
    """Describe who judged what is published, in tables that name nobody, after `mark_published`.

    Args:
        session: The snapshot.
        k: People that must share a value before it is counted.
    """
    published = _published_once(session)
    votes = session.connection.sql(_VOTES.format(published=published)).pl()
    heads = session.connection.execute(_HEADS.format(published=published)).fetchall()
    found = []
    for source, kind, n, n_pairs in heads:
        own = votes.filter((votes["source"] == source) & (votes["kind"] == kind))
        per, alpha = _agreement(own)
        tables = _demographics(session, source, k) if kind == "human" else ()
        found.append(AnnotatorFacts(source, kind, n, n_pairs, per, alpha, tables))
    return tuple(found)


def _published_once(session: Session) -> str:
    """Return SQL that names the published pairs, each once."""
    [(n_configs,)] = session.connection.execute(
        "SELECT count(DISTINCT config) FROM published_pairs"
    ).fetchall()
    if n_configs == 1:
        return "published_pairs"
    return "(SELECT DISTINCT ON (pair_id) * FROM published_pairs)"


def _agreement(votes: pl.DataFrame) -> tuple[float | None, float | None]:
    """Return the mean number of votes behind a comparison, and Krippendorff's alpha.

    Args:
        votes: Columns firsts and seconds, votes for either response, and n, comparisons with these.
    """
    if votes.is_empty():
        return None, None
    counts = votes.select("firsts", "seconds").to_numpy().astype(np.int64)
    n_comparisons = votes["n"].to_numpy()
    per = float(counts.sum(axis=1) @ n_comparisons / n_comparisons.sum())
    # One vote alone agrees with nobody.
    is_shared = counts.sum(axis=1) > 1
    if int(n_comparisons[is_shared].sum()) < _FEWEST_ITEMS:
        return per, None
    return per, krippendorff_alpha(counts[is_shared].repeat(n_comparisons[is_shared], axis=0))


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
