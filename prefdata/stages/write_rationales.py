"""Rationales of pairs, written by a chat model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from prefdata.core.errors import InternalError
from prefdata.core.fingerprint import digest
from prefdata.protocols import Context, Outside, StageResult, stage
from prefdata.rationales.cases import read_cases
from prefdata.rationales.writer import WriteParams, write
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["WriteRationales", "write_rationales"]

_DECISIONS = "decisions"


class WriteRationales(WriteParams):
    """Parameters of `write-rationales`."""

    pairs: str = Field(
        default="make-pairs", description="The step whose pairs rationales are written for."
    )
    decisions: str | None = Field(
        default=None,
        description="A `select-pairs` step; rationales are written for the pairs that it keeps. "
        "By default for all.",
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        description="At most so many pairs of each source, drawn by the seed: for a pilot.",
    )

    def outside(self) -> Outside:
        """Name the model, and the steps that are read."""
        steps = (self.pairs, self.decisions) if self.decisions is not None else (self.pairs,)
        return Outside(models=(self.model,), steps=steps)

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Return the tables; the decisions only where a step is named."""
        if self.decisions is not None:
            return declared
        return tuple(table for table in declared if table != _DECISIONS)


@stage(
    version=1,
    reads=("pairs", "prompts", "responses", _DECISIONS),
    writes=("rationales",),
    params=WriteRationales,
)
def write_rationales(
    tables: Mapping[str, pl.LazyFrame], params: WriteRationales, context: Context
) -> StageResult:
    """Have a chat model write why the chosen response of each pair is the better one.

    A text calls the two responses X and Y, in an order that is drawn for each pair; the exports
    give them the names of their template. By default the writer is asked blind first, in both
    orders. Where it finds what the label says, its text has the origin ``blind``; elsewhere a
    writer that is told the label writes one of the origin ``given``, which persuades of wrong
    labels as well as of right ones. A text is not to be trusted before `gate-rationales` has seen
    it.

    The responses are fenced: what stands in them is data, not an instruction. Which pairs are
    pilots (`limit`) is drawn from their ids and the seed, so a larger limit adds to a smaller one
    and asks for nothing twice.

    Every pair gets a row for each kind and sample. One without a text has a status that says why:
    ``cut``, ``filtered``, ``unreadable``, ``failed``; none is dropped or rejected. With the mode
    ``blind`` the text of a writer that found otherwise is kept, with the status ``disagrees``.
    How often that is so is told for each kind: it measures the labels, and the writer.

    The ledger counts rationales asked for: pairs times kinds times samples.
    """
    if context.chat is None:
        raise InternalError("The stage write-rationales was given no place for answers.")
    cases = _pilot(read_cases(tables, params.pairs, _kept(tables, params)), params, context.seed)
    written = write(cases, params, context.chat, step=context.step, seed=context.seed)
    n = cases.height * len(params.kinds) * params.samples
    return StageResult(
        tables={"rationales": written.rows},
        rows_in=n,
        rows_out=written.rows.height,
        notes=written.notes,
    )


def _kept(tables: Mapping[str, pl.LazyFrame], params: WriteRationales) -> pl.Series | None:
    """Return the ids of the pairs that a step keeps; None for all."""
    if params.decisions is None:
        return None
    kept = (pl.col("stage") == params.decisions) & pl.col("is_kept")
    return tables[_DECISIONS].filter(kept).select("pair_id").collect().to_series()


def _pilot(cases: pl.DataFrame, params: WriteRationales, seed: int) -> pl.DataFrame:
    """Return the cases of a pilot: the first by a digest of their ids and the seed."""
    if params.limit is None or cases.height <= params.limit:
        return cases
    drawn = hash_tuple(cases, pl.lit(digest(["pilot", seed])), "pair_id")
    return (cases.with_columns(drawn=drawn).sort("drawn").head(params.limit).drop("drawn")).sort(
        "source", "pair_id"
    )
