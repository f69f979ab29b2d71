"""Rationales written anew where none passed, and for the opposite label, as a control."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import polars as pl

from prefdata.rationales.cases import read_cases
from prefdata.rationales.wording import Kind
from prefdata.rationales.writer import write
from prefdata.schema import polars_schema, table_schema
from prefdata.stages._gate_rationales.subjects import subjects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.protocols import Chat
    from prefdata.rationales.writer import WriteParams

__all__ = ["Rewriter"]

_ROWS = {
    name: dtype
    for name, dtype in polars_schema(table_schema("rationales")).items()
    if name != "stage"
}


class Rewriter:
    """Asks a writer on behalf of one step, for pairs of one step.

    Args:
        params: Who writes, and how.
        tables: ``pairs``, ``prompts`` and ``responses``.
        pairs: The step whose pairs are written for.
        chat: Where answers come from.
        step: The step that asks.
        seed: Of the recipe.
    """

    def __init__(
        self,
        params: WriteParams,
        tables: Mapping[str, pl.LazyFrame],
        *,
        pairs: str,
        chat: Chat,
        step: str,
        seed: int,
    ) -> None:
        """Remember whom to ask; nothing is asked yet."""
        self.params = params
        self._tables = tables
        self._pairs = pairs
        self._chat = chat
        self._step = step
        self._seed = seed

    def again(self, wanted: pl.DataFrame, *, attempt: int) -> pl.DataFrame:
        """Write for pairs once more, in another order and with another seed.

        Args:
            wanted: pair_id and kind.
            attempt: Number of the attempt; each has an order and a seed of its own.

        Returns:
            Columns of ``rationales`` without the step, sorted by id.
        """
        return self._written(wanted, self.params, attempt=attempt)

    def control(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Write for the opposite label of the pairs of some rationales, one of each kind.

        Args:
            rows: Rationales with their pairs, as `CHECKED`.

        Returns:
            Columns of `CHECKED`; ``preferred`` is the true label, so the gate should reject them.
            Pairs for which nothing whole was written are left out.
        """
        told = self.params.model_copy(update={"samples": 1})
        wanted = rows.select("pair_id", "kind")
        written = self._written(wanted, told, attempt=1, is_flipped=True)
        whole = written.filter((pl.col("status") == "ok") & pl.col("text").is_not_null())
        return subjects(whole, self._tables)

    def opposite(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the same as `control`, but ``preferred`` is what the texts argue for."""
        other = pl.when(pl.col("preferred") == "x").then(pl.lit("y")).otherwise(pl.lit("x"))
        return self.control(rows).with_columns(preferred=other)

    def _written(
        self, wanted: pl.DataFrame, params: WriteParams, *, attempt: int, is_flipped: bool = False
    ) -> pl.DataFrame:
        # A native rationale has no writer who could be asked again.
        written_kinds = wanted.filter(pl.col("kind").is_in(get_args(Kind)))
        cases = read_cases(self._tables, self._pairs, only=written_kinds["pair_id"])
        parts = [pl.DataFrame(schema=_ROWS)]
        for (kind,), part in sorted(written_kinds.partition_by("kind", as_dict=True).items()):
            written = write(
                cases.join(part.select("pair_id").unique(), on="pair_id", how="semi"),
                params.model_copy(update={"kinds": (kind,)}),
                self._chat,
                step=self._step,
                seed=self._seed,
                attempt=attempt,
                is_flipped=is_flipped,
            )
            parts.append(written.rows)
        return pl.concat(parts).sort("rationale_id")
