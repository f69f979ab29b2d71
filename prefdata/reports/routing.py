"""Who should judge what, whether that pays, and how far annotators agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.protocols import Context, reporter
from prefdata.reports._routing.files import write_files
from prefdata.reports._routing.findings import find
from prefdata.reports._routing.params import Routing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

__all__ = ["routing"]


@reporter(
    version=1,
    reads=(
        "routes",
        "route_curves",
        "route_verdicts",
        "agreements",
        "annotator_quality",
        "prompts",
        "responses",
    ),
    params=Routing,
)
def routing(
    tables: Mapping[str, pl.LazyFrame], params: Routing, context: Context, out: Path
) -> list[Path]:
    """Show what people should judge, whether that beats asking at random, and who agrees.

    Writes ``index.html`` (all in one file), ``figures/*.png``, ``numbers.json`` (every number of
    the page), ``queue.csv`` (what people are asked, the first first), ``curves.csv`` and
    ``summary.txt``.

    Raises:
        MissingExtraError: If matplotlib or jinja2 is not installed.
    """
    return write_files(find(tables, params, context), out)
