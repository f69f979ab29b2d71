"""How likely training on each pair is to lower the likelihood of its chosen response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.protocols import Context, reporter
from prefdata.reports._displacement.files import write_files
from prefdata.reports._displacement.findings import find
from prefdata.reports._displacement.page import page
from prefdata.reports._displacement.params import Displacement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

__all__ = ["displacement"]


@reporter(
    version=1, reads=("scores", "pairs", "prompts", "responses", "flags"), params=Displacement
)
def displacement(
    tables: Mapping[str, pl.LazyFrame], params: Displacement, context: Context, out: Path
) -> list[Path]:
    """Show the CHES scores of pairs: spread, length, refusals, and the pairs to read.

    Writes ``index.html`` (all in one file), ``figures/*.png``, ``numbers.json`` (every number of
    the page), ``pairs.csv`` (the pairs to read, without their texts) and ``summary.txt``.

    Only pairs of status ``ok`` and ``truncated`` are ranked; all others are counted. Nothing is
    sampled: figures are drawn from counts.

    Raises:
        DataError: If the scores are of more than one model or way of reading.
        MissingExtraError: If matplotlib or jinja2 is not installed.

    References:
        Razin et al., *Unintentional Unalignment: Likelihood Displacement in Direct Preference
        Optimization* (arXiv 2410.08847), Definitions 2 and 3, Sections 5 and 6.
    """
    found = find(tables, params, context)
    return write_files(found, page(found), out)
