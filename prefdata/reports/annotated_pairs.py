"""Comparisons with all their annotators, as Inverse Constitutional AI and its viewer read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.protocols import Context, reporter
from prefdata.reports._annotated_pairs.files import write_files
from prefdata.reports._annotated_pairs.params import AnnotatedPairs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

__all__ = ["annotated_pairs"]


@reporter(
    version=1,
    reads=(
        "pairs",
        "annotators",
        "prompts",
        "responses",
        "principles",
        "votes",
        "constitutions",
    ),
    params=AnnotatedPairs,
)
def annotated_pairs(
    tables: Mapping[str, pl.LazyFrame], params: AnnotatedPairs, context: Context, out: Path
) -> list[Path]:
    """Write what people, models and principles prefer, for Feedback Forensics and ICAI.

    For each source a folder with ``annotated_pairs.json`` (AnnotatedPairs 2.0, which
    ``feedback-forensics -d FILE`` opens and the source `annotated-pairs` reads) and, in ``icai``,
    files as `inverse-cai` writes them: ``030_distilled_principles_per_cluster.json``,
    ``041_votes_per_cluster.json``, and of a constitution ``050_filtered_principles.json`` and
    ``060_constitution.json``. An ``index.html`` counts what is in them.

    A label of several people is that of most of them; a tie of labels or of votes is ``both``, a
    principle that does not apply ``not_applicable``, a vote that could not be had ``invalid``.

    Raises:
        MissingExtraError: If jinja2 is not installed.

    References:
        Findeis et al. (arXiv 2406.06560), and the programs inverse-cai and feedback-forensics.
    """
    return write_files(tables, params, context, out)
