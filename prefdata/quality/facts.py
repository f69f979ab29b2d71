"""Numbers that the card of a source publishes, held against what the snapshot gives.

They hold for the published files only. Where others were ingested, or not all, the facts are
skipped and say why: neither passed nor failed without a word.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prefdata.catalog.output import run_query
from prefdata.catalog.state import CatalogState
from prefdata.core.errors import QueryError
from prefdata.fetch.cards import card, card_names
from prefdata.schema import table_names, table_schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from prefdata.catalog import Session
    from prefdata.fetch.cards import CardFile, SourceCard

__all__ = ["Fact", "facts_of", "of_sources"]

_FILES = """
SELECT file, revision, digest, rows_in FROM source_files WHERE source = '{source}' ORDER BY file
"""
_ROWS = "SELECT count(*) FROM {table} WHERE source = '{source}'"
_ALL = 1_000_000
_WORD = re.compile(r"\w+")
_FROM = re.compile(r"\bFROM\s+(\w+)", flags=re.IGNORECASE)
_NO_NUMBER = "the query gives no number"
# Of a figure that is no count, the last digits depend on the order in which a sum was taken.
_NOISE = 1e-9
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Fact:
    """One published number and what the snapshot gives."""

    source: str
    table: str
    rule: str
    """``rows:<table>`` or ``statistic:<name>``."""
    expected: float
    tolerance: float
    note: str | None
    observed: float | None = None
    skipped: str | None = None
    """Why it was not held against the snapshot."""
    fault: str | None = None
    """Why no number came out."""

    @property
    def low(self) -> float:
        """The lowest number that is right."""
        return round(self.expected - self.tolerance - self._noise, _DIGITS)

    @property
    def high(self) -> float:
        """The highest number that is right."""
        return round(self.expected + self.tolerance + self._noise, _DIGITS)

    @property
    def _noise(self) -> float:
        is_exact = self.tolerance or float(self.expected).is_integer()
        return 0.0 if is_exact else _NOISE * abs(self.expected)

    @property
    def expectation(self) -> str:
        """The fact in words."""
        within = f" ± {self.tolerance:g}" if self.tolerance else ""
        kind, _, name = self.rule.partition(":")
        what = f"rows of {name}" if kind == "rows" else name
        return f"{what} = {_number(self.expected)}{within}"

    @property
    def seen(self) -> str | None:
        """What the snapshot gives, in words."""
        return self.fault if self.observed is None else _number(self.observed)


@dataclass(frozen=True, slots=True)
class _Raw:
    """A raw file that was ingested."""

    name: str
    revision: str | None
    digest: str
    rows: int


def of_sources(state: CatalogState) -> CatalogState:
    """Return a state without the rows that steps added to the tables of sources.

    What a judge of a recipe says is a judgment too, and none that a source published.
    """
    tables = dict(state.tables)
    for name, table in state.tables.items():
        schema = table_schema(name)
        if schema.is_shared:
            n = len(schema.partition_by)
            own = {key: files for key, files in table.partitions.items() if len(key) == n}
            tables[name] = replace(table, partitions=own)
    return CatalogState(tables)


def facts_of(
    source: str, session: Session, *, tables: Collection[str], source_card: SourceCard | None = None
) -> list[Fact]:
    """Hold the published numbers of one source against a snapshot.

    Args:
        source: Name of the source; one without a card has no facts.
        session: The snapshot, of the state that `of_sources` returns.
        tables: Facts about other tables are left out.
        source_card: The card, when it is not the shipped one.
    """
    if source_card is None and source not in card_names():
        return []
    known = source_card or card(source)
    declared = [fact for fact, sql in _declared(known) if _tables(sql) <= set(tables)]
    if not declared:
        return []
    reason, is_lenient = _obstacle(known, _raw_files(source, session))
    queries = {fact.rule: sql for fact, sql in _declared(known)}
    found = []
    for fact in declared:
        if reason is not None and not is_lenient:
            found.append(replace(fact, skipped=reason))
            continue
        held = _observe(fact, queries[fact.rule], session)
        is_right = held.observed is not None and held.low <= held.observed <= held.high
        # A query that cannot run is a fault of the card, whatever was ingested.
        is_excused = reason is not None and not is_right and held.fault in (None, _NO_NUMBER)
        found.append(replace(held, skipped=reason) if is_excused else held)
    return found


def _declared(known: SourceCard) -> Iterator[tuple[Fact, str]]:
    """Yield the facts of a card with the SQL that gives their numbers."""
    for table, count in known.expected.rows.items():
        sql = _ROWS.format(table=table, source=known.source)
        yield Fact(known.source, table, f"rows:{table}", count, 0, "Rows in all."), sql
    for item in known.expected.statistics:
        rule = f"statistic:{item.name}"
        fact = Fact(
            known.source, _main_table(item.sql), rule, item.value, item.tolerance, item.note
        )
        yield fact, item.sql


def _main_table(sql: str) -> str:
    """Return the first table that a query names; or the first view, if it names views only."""
    tables = [word for word in _WORD.findall(sql) if word in table_names()]
    views: list[str] = _FROM.findall(sql)
    return next(iter([*tables, *views]), "none")


def _tables(sql: str) -> set[str]:
    return set(_WORD.findall(sql)) & set(table_names())


def _raw_files(source: str, session: Session) -> list[_Raw]:
    quoted = source.replace("'", "''")
    rows = run_query(session, _FILES.format(source=quoted), limit=_ALL).rows
    return [_Raw(*row) for row in rows]


def _obstacle(known: SourceCard, files: list[_Raw]) -> tuple[str | None, bool]:
    """Say why the published numbers need not hold.

    Returns:
        The reason, or None when all published files were ingested as they are; and whether a
        number may be right nevertheless, because only files are missing that are optional.
    """
    pins = {pin.path: pin for pin in known.files}
    by_digest = {pin.sha256: pin for pin in known.files if pin.sha256}
    matched: set[str] = set()
    for raw in files:
        pin = pins.get(raw.name) or by_digest.get(raw.digest)
        if pin is None:
            return f"{raw.name} is not a published file", False
        if difference := _difference(raw, pin, known.revision):
            return f"{raw.name} is not the published file: {difference}", False
        matched.add(pin.path)
    missing = [pin for pin in known.files if pin.path not in matched]
    if not missing:
        return None, False
    if all(pin.optional for pin in missing):
        return f"without {', '.join(pin.path for pin in missing)}", True
    return f"only {len(matched)} of {len(known.files)} files ingested", False


def _difference(raw: _Raw, pin: CardFile, revision: str | None) -> str | None:
    """Say how a file differs from its pin; the strongest evidence that the card has decides."""
    if pin.sha256 is not None:
        return None if raw.digest == pin.sha256 else "its SHA-256 is another"
    if revision is not None and raw.revision is not None:
        same = raw.revision.startswith(revision) or revision.startswith(raw.revision)
        return None if same else f"it is of revision {raw.revision[:12]}, not {revision[:12]}"
    if pin.rows is not None:
        return None if raw.rows == pin.rows else f"it has {raw.rows:,} rows, not {pin.rows:,}"
    return "the card has neither its digest nor its rows"


def _observe(fact: Fact, sql: str, session: Session) -> Fact:
    try:
        rows = run_query(session, sql, limit=1).rows
    except QueryError as error:
        return replace(fact, fault=f"the query cannot run: {error.what}")
    value = rows[0][0] if rows else None
    if value is None or not math.isfinite(value):
        return replace(fact, fault=_NO_NUMBER)
    return replace(fact, observed=float(value))


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.6g}"
