"""Duplicates of prompts, responses or pairs: equal, alike in wording, or alike in meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.protocols import Context, StageResult, stage
from prefdata.stages._dedup.clusters import (
    Clusters,
    blank_rows,
    clustered,
    conflicts_of,
    flags_of,
    neighbors_of,
)
from prefdata.stages._dedup.links import no_links
from prefdata.stages._dedup.pairs import Pairs, pairs_compared
from prefdata.stages._dedup.params import Dedup
from prefdata.stages._dedup.subjects import texts_compared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.stages._dedup.subjects import Compared

__all__ = ["Dedup", "dedup"]


@stage(
    version=1,
    reads=("prompts", "responses", "judgments", "pairs"),
    writes=("flags", "neighbors"),
    params=Dedup,
    scope="catalog",
)
def dedup(tables: Mapping[str, pl.LazyFrame], params: Dedup, context: Context) -> StageResult:
    """Flag rows that repeat another one: equal, alike in wording, or alike in meaning.

    Texts are equal when nothing but Unicode form, case and white space parts them. They are alike
    in wording (`near`) when the Jaccard similarity of their shingles reaches the threshold: MinHash
    proposes candidates, and the exact similarity decides. They are alike in meaning (`semantic`)
    when the cosine of their vectors does. `near` and `semantic` find equal texts as well. What is
    linked, directly or by a chain, is a cluster.

    Pairs are equal when their prompts are, and their responses as a set. They are alike in wording
    when the prompts are and the responses are, the shingles of both responses taken together; the
    smaller similarity counts. They are alike in meaning by the mean of the prompts' cosine and of
    the responses', these in the order that suits better. Votes of several annotators, or for
    several aspects, on one comparison are equal pairs too.

    `neighbors` holds every row of a cluster with the row most like it. `flags` holds all but the
    one that stands for the cluster: the row with most judgments (of pairs: votes), then of the
    oldest source, then with the smallest id. `exact-duplicate`: another row has the text, and
    stays; `near-duplicate` and `semantic-duplicate`: the row stays for its text, and its text is
    like another. `value` is the similarity. `conflicting-duplicate`: of the pairs with equal
    texts, the share `value` chooses the other response. `empty-text`: there is nothing to compare.

    Defaults were measured on real prompts and responses of HH-RLHF and UltraFeedback, with edits
    planted: runs of 5 characters at 0.7 find 57 % of the one-word edits in prompts of 11 words
    (median) and 88 % in those of 59, and link 33 and 30 pairs of some 2,200 texts as they are.
    Runs of 3 words find nearly as many at 0.6, with 99 and 38 such pairs; runs of 5 words at 0.7
    find 16 % and 72 %. The ledger counts rows of the subject; none is rejected.
    """
    compared: Compared
    pairs: Pairs | None = None
    if params.subject == "pairs":
        compared = pairs = pairs_compared(tables, params, context)
    else:
        compared = texts_compared(tables, params, context)
    n_void = 0
    links = no_links()
    if params.method == "near":
        links = compared.near(params, context)
    elif params.method == "semantic":
        links, n_void = compared.semantic(params, context)
    clusters = clustered(compared, links)
    flags = [
        flags_of(clusters, subject=params.subject, method=params.method),
        blank_rows(compared, subject=params.subject),
    ]
    if pairs is not None:
        flags.append(conflicts_of(clusters, pairs.is_turned))
    n_rows = len(compared.rows.is_blank)
    return StageResult(
        tables={
            "flags": pl.concat(flags),
            "neighbors": neighbors_of(clusters, subject=params.subject, method=params.method),
        },
        rows_in=n_rows,
        rows_out=n_rows,
        notes=tuple(_notes(compared, clusters, n_void, params)),
    )


def _notes(compared: Compared, clusters: Clusters, n_void: int, params: Dedup) -> list[str]:
    rows, name = compared.rows, params.subject
    n_clusters = clusters.rows["cluster_id"].n_unique()
    of_all = f"of {len(rows.is_old):,} {name}"
    n_spare = clusters.spare().height
    notes = [f"{n_spare:,} {of_all} repeat another, in {n_clusters:,} clusters"]
    if params.against is not None:
        n_new = int((~rows.is_old).sum())
        notes.append(f"{n_new:,} {of_all} are not in {params.against}")
    if n_blank := int(rows.is_blank.sum()):
        notes.append(f"{n_blank:,} {of_all} have no text, and were compared with nothing")
    if n_void:
        notes.append(f"{n_void:,} distinct {name} have no vector, and were compared as they are")
    return notes
