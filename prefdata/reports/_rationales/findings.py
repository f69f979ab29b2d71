"""Everything that the report found, in one place for the page and the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.reports._rationales import numbers
from prefdata.reports._rationales.figures import figures
from prefdata.reports._rationales.read import Gated, read_gated
from prefdata.reports._rationales.reading import Told, kept_to_read, told_to_read

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from prefdata.protocols import Context
    from prefdata.reports._page.figures import Drawn
    from prefdata.reports._rationales.params import Rationales

__all__ = ["Findings", "find"]


@dataclass(frozen=True, slots=True)
class Findings:
    """Numbers, figures and rationales to read."""

    params: Rationales
    snapshot: str
    gated: Gated
    by_kind: pl.DataFrame
    by_language: pl.DataFrame
    pairs: pl.DataFrame
    statuses: pl.DataFrame
    checks: pl.DataFrame
    orders: pl.DataFrame
    attempts: pl.DataFrame
    power: pl.DataFrame
    gate: pl.DataFrame
    kept: list[Told]
    failed: dict[str, list[Told]]
    figures: dict[str, Drawn]

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources whose rationales were checked."""
        return tuple(self.gated.rows["source"].unique().sort())

    @property
    def order_gap(self) -> float | None:
        """Difference of the shares that pass with the chosen response as X and as Y."""
        shares = self.orders["share"].to_list()
        return abs(shares[0] - shares[1]) if len(shares) == 2 else None  # noqa: PLR2004


def find(tables: Mapping[str, pl.LazyFrame], params: Rationales, context: Context) -> Findings:
    """Compute everything, and draw the figures.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    gated = read_gated(tables, params)
    checks = numbers.by_check(gated)
    power = numbers.power(gated)
    return Findings(
        params=params,
        snapshot=context.snapshot,
        gated=gated,
        by_kind=numbers.by_group(gated, ["source", "kind", "origin"]),
        by_language=numbers.by_group(gated, ["language"]),
        pairs=numbers.pairs_by_kind(gated),
        statuses=numbers.status_counts(gated),
        checks=checks,
        orders=numbers.by_order(gated),
        attempts=numbers.by_attempt(gated),
        power=power,
        gate=numbers.whole_gate(gated),
        kept=kept_to_read(tables, gated, params.k),
        failed=told_to_read(tables, gated, params.k),
        figures=figures(gated, checks, power),
    )
