"""Hold rows against their contract; what breaks a rule comes out with the rules it broke.

The rules of a contract are, by name:

- ``not-null:<column>`` for each column that may not be null;
- ``enum:<column>``, ``min:<column>`` and ``max:<column>``; NaN is outside every range;
- the contract's own SQL rules.

As with CHECK in SQL, a rule is broken only when it is false: a null result passes, and nulls are
the business of ``not-null`` alone.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from prefdata.core.errors import InternalError, SchemaMismatchError
from prefdata.schema.frames import polars_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefdata.schema.model import Column, TableSchema

__all__ = ["Checked", "check", "check_keys", "quarantine"]

_SPOT = "#"  # no column of a contract can have this name
_OWN = {"rule": "own_rule", "reason": "own_reason"}
_SHOWN_CHARACTERS = 80
_RAW_CHARACTERS = 4096
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_WORD = re.compile(r"\w+")
_local = threading.local()

_COUNT = "SELECT count(*) FROM rows WHERE {is_bad}"
_BROKEN = """
SELECT "#", [name FOR name IN [{names}] IF name IS NOT NULL] AS rule
FROM rows
WHERE {is_bad}
ORDER BY "#"
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """The two halves of a checked table; together they hold every input row."""

    good: pl.DataFrame
    rejects: pl.DataFrame
    """The bad rows plus ``rule``, the names of all rules each row broke, and ``reason``.

    Where the table has columns of these names, its own are called ``own_rule`` and
    ``own_reason`` here.
    """


@dataclass(frozen=True, slots=True)
class _Test:
    """One rule made ready: true, or null, for rows that pass."""

    name: str
    sql: str
    needs: frozenset[str]
    reason: pl.Expr


def check(frame: pl.DataFrame, schema: TableSchema) -> Checked:
    """Part the rows that keep all rules from those that break some.

    Only the columns that rules need are read, in place. A frame without bad rows comes back
    as it is.

    Raises:
        SchemaMismatchError: If the frame does not have the columns and types of the contract.
    """
    _require_columns(frame, schema)
    tests = list(_tests(frame, schema))
    if not tests or frame.is_empty():
        return Checked(frame, _rejects(frame.clear(), [], pl.lit(None)))
    broken = _broken(frame, schema, tests)
    if broken is None:
        return Checked(frame, _rejects(frame.clear(), [], pl.lit(None)))
    names = set(broken["rule"].explode())
    reason = pl.concat_str(
        [
            pl.when(pl.col("rule").list.contains(test.name)).then(test.reason)
            for test in tests
            if test.name in names
        ],
        separator="; ",
        ignore_nulls=True,
    )
    spots = broken[_SPOT]
    rejects = _rejects(frame[spots], broken["rule"], reason)
    return Checked(_without(frame, spots), rejects)


def check_keys(frame: pl.DataFrame, schema: TableSchema) -> Checked:
    """Reject rows that repeat the primary key of an earlier row.

    The first row with a key stays. A contract without a key allows everything.

    Raises:
        SchemaMismatchError: If the frame does not have the columns and types of the contract.
    """
    _require_columns(frame, schema)
    key = schema.primary_key
    if not key:
        return Checked(frame, _rejects(frame.clear(), [], pl.lit(None)))
    is_first = frame.select((pl.struct(key) if len(key) > 1 else pl.col(key)).is_first_distinct())
    mask = is_first.to_series()
    if mask.all():
        return Checked(frame, _rejects(frame.clear(), [], pl.lit(None)))
    bad = frame.filter(~mask)
    values = [pl.col(_OWN.get(name, name)).cast(pl.String).fill_null("null") for name in key]
    reason = pl.format(
        f"an earlier row has the same key: {', '.join(f'{name} {{}}' for name in key)}", *values
    )
    return Checked(frame.filter(mask), _rejects(bad, [["primary-key"]] * bad.height, reason))


def quarantine(rejects: pl.DataFrame, schema: TableSchema) -> pl.DataFrame:
    """Bring the rejects of a check into the form of the quarantine, one row for each.

    Returns:
        The columns file, row, subject, id, field, rule, reason and raw. ``rule`` and ``field``
        are those of the first broken rule; ``reason`` tells all; ``raw`` is the row as JSON.
    """
    own = [name for name in rejects.columns if name not in ("rule", "reason")]
    first = pl.col("rule").list.first()
    key = [pl.col(_OWN.get(name, name)).cast(pl.String) for name in schema.primary_key]
    nothing = pl.lit(None, dtype=pl.String)
    return rejects.select(
        (pl.col("file") if "file" in own else nothing).alias("file"),
        (pl.col("row") if "row" in own else pl.lit(None, dtype=pl.Int64)).alias("row"),
        pl.lit(schema.table).alias("subject"),
        (pl.concat_str(key, separator="/", ignore_nulls=True) if key else nothing).alias("id"),
        first.str.extract(r"^[a-z-]+:(.+)$").alias("field"),
        first.alias("rule"),
        pl.col("reason"),
        pl.struct(own).struct.json_encode().str.slice(0, _RAW_CHARACTERS).alias("raw"),
    )


def _require_columns(frame: pl.DataFrame, schema: TableSchema) -> None:
    wanted = polars_schema(schema)
    if frame.schema == wanted:
        return
    given = frame.schema
    problems = [
        *(f"missing {name}" for name in wanted if name not in given),
        *(f"unknown {name}" for name in given if name not in wanted),
        *(
            f"{name} is {given[name]}, not {dtype}"
            for name, dtype in wanted.items()
            if name in given and given[name] != dtype
        ),
    ]
    raise SchemaMismatchError(
        f"The frame does not have the columns of {schema.id}: {'; '.join(problems)}.",
        where=schema.id,
        fix="Bring it into form with `prefdata.schema.conform` first.",
    )


def _tests(frame: pl.DataFrame, schema: TableSchema) -> Iterator[_Test]:
    """Yield the rules that rows of this frame can break.

    The frame knows its numbers of nulls, so columns without any are not scanned for them.
    """
    for column in schema.columns.values():
        if not column.nullable and frame[column.name].null_count():
            reason = pl.lit(f"{column.name} is null")
            yield _test("not-null", column, "{} IS NOT NULL", reason)
        yield from _value_tests(column)
    for rule in schema.rules:
        words = _WORD.findall(_LITERAL.sub("", rule.sql))
        needs = frozenset(name for name in schema.columns if name in words)
        yield _Test(rule.name, rule.sql, needs, pl.lit(rule.why.rstrip(".")))


def _value_tests(column: Column) -> Iterator[_Test]:
    name, value = column.name, pl.col(_OWN.get(column.name, column.name))
    if column.enum is not None:
        known = ", ".join(column.enum).replace("{", "").replace("}", "")
        values = ", ".join("'" + item.replace("'", "''") + "'" for item in column.enum)
        shown = value.str.slice(0, _SHOWN_CHARACTERS)
        reason = pl.format(f"{name} is '{{}}', not one of {known}", shown)
        yield _test("enum", column, f"{{}} IN ({values})", reason)
    not_nan = " AND NOT isnan({0})" if column.type.startswith("float") else ""
    if column.min is not None:
        reason = pl.format(f"{name} is {{}}, and the minimum is {column.min}", value)
        yield _test("min", column, f"{{0}} >= {column.min}{not_nan}", reason)
    if column.max is not None:
        reason = pl.format(f"{name} is {{}}, and the maximum is {column.max}", value)
        yield _test("max", column, f"{{0}} <= {column.max}{not_nan}", reason)


def _test(kind: str, column: Column, sql: str, reason: pl.Expr) -> _Test:
    condition = sql.format(f'"{column.name}"')
    return _Test(f"{kind}:{column.name}", condition, frozenset({column.name}), reason)


def _broken(
    frame: pl.DataFrame, schema: TableSchema, tests: Sequence[_Test]
) -> pl.DataFrame | None:
    """Return the positions and broken rules of bad rows, or None when there are none."""
    needs = frozenset[str]().union(*(test.needs for test in tests))
    columns = [name for name in frame.columns if name in needs]
    is_bad = " OR ".join(f"({test.sql}) IS FALSE" for test in tests)
    names = ", ".join(f"CASE WHEN ({test.sql}) IS FALSE THEN '{test.name}' END" for test in tests)
    rows = frame.select(columns or frame.columns[:1])
    try:
        with _rows(rows) as session:
            count = session.execute(_COUNT.format(is_bad=is_bad)).fetchone()
        if count == (0,):
            return None
        with _rows(rows.with_row_index(_SPOT)) as session:
            broken: pl.DataFrame = session.sql(_BROKEN.format(is_bad=is_bad, names=names)).pl()
            return broken
    except duckdb.Error as error:
        raise InternalError(
            f"The rules of {schema.id} cannot be evaluated: {str(error).splitlines()[0]}",
            where=schema.id,
            fix="Correct the rules in the contract.",
        ) from error


@contextmanager
def _rows(frame: pl.DataFrame) -> Iterator[duckdb.DuckDBPyConnection]:
    """Show a frame to SQL as ``rows``, without a copy: strings stay views into its buffers."""
    with _session().cursor() as session:
        session.register("rows", frame.to_arrow(compat_level=pl.CompatLevel.newest()))
        yield session


def _session() -> duckdb.DuckDBPyConnection:
    """Return this thread's private connection; one inherited by a fork is left alone."""
    if getattr(_local, "process", None) != os.getpid():
        _local.session = duckdb.connect(":memory:", config={"threads": 2})
        _local.process = os.getpid()
    session: duckdb.DuckDBPyConnection = _local.session
    return session


def _rejects(
    rows: pl.DataFrame, rules: pl.Series | list[list[str]], reason: pl.Expr
) -> pl.DataFrame:
    own = {name: other for name, other in _OWN.items() if name in rows.columns}
    return (
        rows.rename(own)
        .with_columns(pl.Series("rule", rules, dtype=pl.List(pl.String)))
        .with_columns(reason.cast(pl.String).alias("reason"))
    )


def _without(frame: pl.DataFrame, spots: pl.Series) -> pl.DataFrame:
    is_good = pl.repeat(value=True, n=frame.height, eager=True).scatter(spots, values=False)
    return frame.filter(is_good)
