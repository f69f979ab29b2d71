"""Personal data in what is staged, counted by configuration and kind (P001)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from prefdata.privacy.find import find, masked
from prefdata.privacy.patterns import patterns
from prefdata.publishing.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from prefdata.publishing._privacy_gate.staged import Leaf, Piece

__all__ = ["ROW_NAMES", "Hits"]

ROW_NAMES = ("pair_id", "prompt_id", "judgment_id", "rationale_id", "id", "source_row_id")
"""Columns that name a row, where a format has them; ``<file>#<row>`` does always."""

_N_SAMPLES = 3
# Of numbers in keys some are those of a credit card by chance, as one in forty with 16 digits is.
_KEY_ENDS = ("id", "ids", "hash", "digest", "revision")
_IN_KEYS = ("email", "iban", "url-credentials", "secret")


@dataclass(slots=True)
class _Count:
    rows: int = 0
    places: int = 0
    columns: set[str] = field(default_factory=set)
    samples: list[str] = field(default_factory=list)


class Hits:
    """Counts what is found, piece by piece."""

    def __init__(self, kinds: Sequence[str] | None, allowed: Collection[str]) -> None:
        """Choose what is looked for, and the rows that may have it."""
        self._kinds = tuple(pattern.name for pattern in patterns(kinds))
        self._allowed = pl.Series(sorted(allowed), dtype=pl.String)
        self._counts: dict[tuple[str, str], _Count] = {}

    def add(self, piece: Piece, leaves: Iterable[Leaf]) -> None:
        """Look at the strings of a piece."""
        texts: dict[bool, list[pl.DataFrame]] = {True: [], False: []}
        for leaf in leaves:
            column = pl.lit(".".join(leaf.path))
            texts[_is_key(leaf)].append(leaf.values.with_columns(column=column))
        allowed = self._allowed_rows(piece)
        for is_key, tables in texts.items():
            kinds = [kind for kind in self._kinds if kind in _IN_KEYS or not is_key]
            if tables:
                self._count(piece.config, pl.concat(tables), kinds, allowed)

    def _count(
        self, config: str, table: pl.DataFrame, kinds: Sequence[str], allowed: pl.Series
    ) -> None:
        found = find(table.select(id="row", text="text"), kinds)
        if found.is_empty():
            return
        columns = table["column"].gather(found["row"])
        hits = found.with_columns(column=columns).filter(~pl.col("id").is_in(allowed.implode()))
        for (kind,), of_kind in hits.group_by("kind", maintain_order=True):
            count = self._counts.setdefault((config, str(kind)), _Count())
            count.rows += of_kind["id"].n_unique()
            count.places += of_kind.height
            count.columns |= set(of_kind["column"])
            shapes = of_kind["match"].head(_N_SAMPLES).to_list()
            count.samples += [masked(match) for match in shapes]

    def _allowed_rows(self, piece: Piece) -> pl.Series:
        if self._allowed.is_empty():
            return pl.Series([], dtype=pl.Int64)
        place = pl.format("{}#{}", pl.lit(piece.path.name), pl.col("row") + piece.first)
        named = [pl.col(name) for name in ROW_NAMES if piece.frame.schema.get(name) == pl.String]
        is_allowed = [name.is_in(self._allowed.implode()) for name in [place, *named]]
        rows = piece.frame.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))
        return rows.filter(pl.any_horizontal(is_allowed))["row"]

    def findings(self) -> list[Finding]:
        """Return what was found, as far as no row is allowed to have it."""
        known = {pattern.name: pattern for pattern in patterns()}
        found = []
        for (config, kind), count in self._counts.items():
            samples = ", ".join(dict.fromkeys(count.samples[:_N_SAMPLES]))
            found.append(
                Finding(
                    code="P001",
                    level=known[kind].severity,
                    what=f"{count.rows:,} rows hold {known[kind].title}, in {count.places:,} "
                    f"places, such as {samples}.",
                    where=f"{config}: {', '.join(sorted(count.columns))}",
                    fix=f"Replace them by `scrub: [{kind}]`, or allow the rows by their ids.",
                    n=count.rows,
                )
            )
        return found


def _is_key(leaf: Leaf) -> bool:
    return leaf.is_label and leaf.path[-1].lower().split("_")[-1] in _KEY_ENDS
