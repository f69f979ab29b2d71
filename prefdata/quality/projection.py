"""The flat projection of a table, a sample of it, and examples of rows that break a rule.

DuckDB makes the projection: lengths instead of texts and lists, truth values instead of rules,
so that what reaches pandas is small whatever the rows hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.quality.checks import quoted
from prefdata.schema.typeexpr import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from prefdata.catalog import Session
    from prefdata.quality.checks import Check
    from prefdata.schema import TableSchema

__all__ = ["Projection"]

_SEED = 0
_N_EXAMPLES = 5
_SHOWN_CHARACTERS = 60

_ALL = "SELECT * FROM {table}"
# The spot of a row comes from its key, so rows that share a key are in the sample together, and
# the same rows are looked at on every machine with this version of DuckDB. MD5 would hold for all
# versions, and take longer than all the rest.
_SAMPLE = """
SELECT * FROM {table}
WHERE {spot} <= (
    SELECT max(spot) FROM (SELECT {spot} AS spot FROM {table} ORDER BY spot LIMIT {sample})
)
"""
_FLAT = 'WITH "rows" AS ({rows}) SELECT {columns} FROM "rows"'
_EXAMPLES = """
WITH "rows" AS ({rows})
SELECT DISTINCT {shown} AS example FROM "rows" WHERE {is_bad} ORDER BY example LIMIT {count}
"""


@dataclass(frozen=True, slots=True)
class Projection:
    """A table of one snapshot, as checks see it."""

    session: Session
    schema: TableSchema
    sample: int | None = None
    """Number of rows to look at; all when None. Rows that share a key stay together."""

    def frame(self, checks: Iterable[Check]) -> pd.DataFrame:
        """Return the columns that the checks look at."""
        columns = {name: sql for check in checks for name, sql in check.columns.items()}
        listed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
        found: pd.DataFrame = self.session.sql(
            _FLAT.format(rows=self._rows(), columns=listed or "1 AS one")
        ).df()
        return found

    def examples(self, check: Check) -> tuple[str, ...]:
        """Return keys of the first rows that break a check, with the value at fault."""
        shown = _text(self._key())
        if check.shown is not None:
            shown += f" || ' (' || {_text([check.shown])} || ')'"
        found = self.session.sql(
            _EXAMPLES.format(rows=self._rows(), shown=shown, is_bad=check.is_bad, count=_N_EXAMPLES)
        )
        return tuple(str(example) for (example,) in found.fetchall())

    def _rows(self) -> str:
        table = quoted(self.schema.table)
        if self.sample is None:
            return _ALL.format(table=table)
        spot = f"hash({_SEED}, {', '.join(self._key())})"
        return _SAMPLE.format(table=table, spot=spot, sample=self.sample)

    def _key(self) -> list[str]:
        """Return what tells rows apart: the primary key, or all columns that are not nested."""
        columns = self.schema.columns.values()
        scalars = [column.name for column in columns if isinstance(column.tree, Scalar)]
        return [quoted(name) for name in self.schema.primary_key or scalars]


def _text(parts: list[str]) -> str:
    """Return SQL of a short text of some values, null included."""
    texts = ", ".join(
        f"left(coalesce({part}::VARCHAR, 'null'), {_SHOWN_CHARACTERS})" for part in parts[:5]
    )
    return f"concat_ws('/', {texts})"
