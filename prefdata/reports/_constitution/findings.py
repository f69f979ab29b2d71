"""Everything that the report found, in one place for the page and the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.constitution.document import documents
from prefdata.reports._constitution.figures import figures
from prefdata.reports._constitution.read import Measured, read_measured
from prefdata.reports._constitution.reading import Evidence, evidence_of, evidence_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from prefdata.constitution.document import Document
    from prefdata.protocols import Context
    from prefdata.reports._constitution.params import ConstitutionReport
    from prefdata.reports._page.figures import Drawn

__all__ = ["Findings", "find"]


@dataclass(frozen=True, slots=True)
class Findings:
    """Numbers, figures, constitutions and pairs to read."""

    params: ConstitutionReport
    snapshot: str
    measured: Measured
    documents: list[Document]
    texts: pl.DataFrame
    """Evidence on the principles of constitutions, with its texts."""
    evidence: dict[str, list[Evidence]]
    """By source."""
    figures: dict[str, Drawn]


def find(
    tables: Mapping[str, pl.LazyFrame], params: ConstitutionReport, context: Context
) -> Findings:
    """Compute everything, and draw the figures.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    measured = read_measured(tables, params)
    return Findings(
        params=params,
        snapshot=context.snapshot,
        measured=measured,
        documents=documents(
            measured.constitutions.select(
                name for name in measured.constitutions.columns if name not in _WORDED
            ),
            measured.principles,
            measured.reconstructions,
            snapshot=context.snapshot or None,
        ),
        texts=evidence_texts(tables, measured, params.k),
        evidence={
            source: evidence_of(tables, measured, source, params.k) for source in measured.sources
        },
        figures=figures(measured, params),
    )


_WORDED = ("name", "theme", "origin", "opposite")
