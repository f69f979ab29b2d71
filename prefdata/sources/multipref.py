"""MultiPref (AllenAI): pairs judged by two crowd workers and two experts each, on four aspects.

Miranda et al. (2024), *Hybrid Preferences*, arXiv:2410.19133. A row of the default configuration
is one comparison of two responses with the nested annotations of both pools. Each annotation
becomes four judgments: overall, helpfulness, truthfulness and harmlessness. Time and date belong
to the annotation and stand on all four.

An evaluator is an annotator per pool, ``multipref:<pool>/<evaluator>``: the pool is what the
source says of them, and somebody who worked in both pools did so under two sets of instructions.
The degree and the study that a row names describe how its experts were recruited, not the
evaluators, and stay in ``raw`` of the prompt.

The binarized configurations add one overall choice per comparison, by GPT-4 (a ``model``) or by
the aggregated workers (a ``group``); do not count the group besides the people it is made of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from prefdata.protocols import Context, Params, RawFile, Source
from prefdata.sources._multipref import binarized, features
from prefdata.sources._multipref import tables as comparisons
from prefdata.sources._multipref.example import EXAMPLE
from prefdata.sources._multipref.shape import (
    SOURCE,
    accept,
    kind_of,
    read_comparisons,
    select,
)
from prefdata.tables.bundle import Bundle
from prefdata.tables.seen import SeenIds
from prefdata.tables.tabular import read_parquet_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

__all__ = ["MultiprefParams", "multipref"]


class MultiprefParams(Params):
    """Parameters of `multipref`."""

    features: bool = Field(
        default=False,
        description="Keep the published features of each comparison in `raw` of its prompt.",
    )


def _read(files: Sequence[RawFile], params: MultiprefParams, context: Context) -> Iterator[Bundle]:
    """Yield the comparisons, then the choices of the binarized configurations."""
    del context
    kinds = {raw: kind_of(raw) or "default" for raw in files}
    extras = features.Features()
    for raw, kind in kinds.items():
        if kind == "features" and params.features:
            extras.read(raw)
    annotators, known = comparisons.Annotators(), binarized.Comparisons()
    choices = {kind: binarized.Choices() for kind in binarized.JUDGES}
    seen = SeenIds()
    for raw, kind in kinds.items():
        if kind in binarized.JUDGES:
            for chunk in read_parquet_rows(raw, required=("chosen", "rejected")):
                yield binarized.bundle(chunk, raw, kind, choices[kind], known, annotators)
        elif kind != "features":
            for chunk in read_comparisons(raw, kind):
                rows, rejects = accept(chunk, raw, seen)
                tables = comparisons.tables_of(rows, extras.of(rows), raw, annotators)
                known.add(tables)
                yield Bundle(raw.name, chunk.rows_in, tables, rejects)
    yield from extras.bundles()


def _rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the raw rows of all kinds of file."""
    return {
        **comparisons.rebuild(tables),
        **binarized.rebuild(tables),
        **features.rebuild(tables),
    }


multipref = Source(
    name=SOURCE,
    version=1,
    select=select,
    read=_read,
    rebuild=_rebuild,
    example=EXAMPLE,
    params=MultiprefParams,
)
