"""Which rationales passed the gate, why others did not, and what the gate can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.protocols import Context, reporter
from prefdata.reports._rationales.files import write_files
from prefdata.reports._rationales.findings import find
from prefdata.reports._rationales.params import Rationales

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

__all__ = ["rationales"]


@reporter(
    version=1,
    reads=(
        "rationale_gates",
        "rationales",
        "rationale_checks",
        "gate_power",
        "pairs",
        "prompts",
        "responses",
    ),
    params=Rationales,
)
def rationales(
    tables: Mapping[str, pl.LazyFrame], params: Rationales, context: Context, out: Path
) -> list[Path]:
    """Show which rationales passed the gate, why others failed, and the gate's own power.

    Writes ``index.html`` (all in one file), ``figures/*.png``, ``numbers.json`` (every number of
    the page), ``power.csv`` (each control against each check) and ``summary.txt``. Shares come
    with 95 % intervals (Wilson).

    Raises:
        MissingExtraError: If matplotlib or jinja2 is not installed.
    """
    return write_files(find(tables, params, context), out)
