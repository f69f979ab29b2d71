"""The files that HyPER's own programs read: features, mixes of labels, and counts of their tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.protocols import Context, reporter
from prefdata.reports._hyper_files.params import HyperFiles
from prefdata.reports._hyper_files.rows import labelled
from prefdata.reports._hyper_files.writing import write_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

__all__ = ["hyper_files"]


@reporter(
    version=1,
    reads=("pairs", "annotators", "prompts", "responses", "comparison_features", "routes"),
    params=HyperFiles,
)
def hyper_files(
    tables: Mapping[str, pl.LazyFrame], params: HyperFiles, context: Context, out: Path
) -> list[Path]:
    """Write features, mixes and counts in the formats of HyPER, and the plan as one more mix.

    For each source a folder with ``features.jsonl`` (comparisons with a label of people and one of
    the AI, their features), ``swaps/*.jsonl`` (the pairs of each mix), ``counts/*.json`` (how many
    labels of people fall on each of the 90 tags) and ``experiments.txt``; an ``index.html`` that
    counts them. Bins are those that `route-features` stored for all comparisons: HyPER ranks
    lengths anew within each mix, which makes twelve of its ninety columns say nothing.

    The label of people is that of most of them, of the AI that of most models. A mix leaves out
    the pairs whose label is a tie, as HyPER does, and the page counts them.

    Raises:
        MissingExtraError: If jinja2 is not installed.

    References:
        Miranda et al. (arXiv 2410.19133), and the programs of allenai/hybrid-preferences.
    """
    return write_files(labelled(tables, params), params, context, out)
