"""What preferences reward: principles, how sure they are, for whom, and pairs to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.protocols import Context, reporter
from prefdata.reports._constitution.files import write_files
from prefdata.reports._constitution.findings import find
from prefdata.reports._constitution.params import ConstitutionReport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

__all__ = ["constitution"]


@reporter(
    version=1,
    reads=(
        "principles",
        "principle_effects",
        "principle_contrasts",
        "constitutions",
        "reconstructions",
        "principle_evidence",
        "prompts",
        "responses",
    ),
    params=ConstitutionReport,
)
def constitution(
    tables: Mapping[str, pl.LazyFrame], params: ConstitutionReport, context: Context, out: Path
) -> list[Path]:
    """Show which principles explain choices, how well, for whom, with pairs for and against.

    Writes ``index.html`` (all in one file), ``figures/*.png``, ``constitution.md``, a file of YAML
    for each constitution in ``constitutions/``, ``numbers.json`` (every number of the page),
    ``principles.csv``, ``contrasts.csv`` and ``summary.txt``.

    Raises:
        MissingExtraError: If matplotlib or jinja2 is not installed.
    """
    return write_files(find(tables, params, context), out)
