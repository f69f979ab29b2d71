"""Expectations made from a table's contract, each with the SQL that finds what breaks it.

A rule is named as in `prefdata.schema.check`: ``not-null:<column>``, ``enum:<column>``,
``min:<column>``, ``max:<column>`` and the contract's own rules; ``primary-key`` and
``reference:<column>`` look at more than one row.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from prefdata.schema.typeexpr import ListOf, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.schema import Column, TableSchema

__all__ = ["Check", "Kind", "checks_of", "quoted"]

Kind = Literal["not-null", "in-set", "between", "unique"]

_ORPHANS = """{key} NOT IN (
    SELECT key
    FROM (SELECT {key} AS key, unnest({column}) AS item FROM "rows")
    WHERE item IS NOT NULL
      AND item NOT IN (SELECT {target_column} FROM {target} WHERE {target_column} IS NOT NULL)
)"""
_KNOWN = """{column} IS NULL
  OR {column} IN (SELECT {target_column} FROM {target} WHERE {target_column} IS NOT NULL)"""
_REPEATED = '{key} IN (SELECT {key} FROM "rows" GROUP BY ALL HAVING count(*) > 1)'
_ESCAPED = "replace(replace(replace({}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation on a table, ready for Great Expectations and for SQL."""

    rule: str
    expectation: str
    """In words."""
    why: str
    kind: Kind
    columns: dict[str, str]
    """Columns of the flat projection that it looks at: name to SQL over ``rows``."""
    is_bad: str
    """SQL condition over ``rows`` that is true for the rows that break it."""
    values: tuple[str | bool, ...] = ()
    """Allowed values in the projection, of kind ``in-set``."""
    low: float | None = None
    high: float | None = None
    shown: str | None = None
    """SQL of the value at fault, where one is worth showing."""


def checks_of(schema: TableSchema) -> list[Check]:
    """Return all that a contract expects of its table, in the order of the contract."""
    return [
        *_key_checks(schema),
        *(check for column in schema.columns.values() for check in _column_checks(column, schema)),
        *(_truth(rule.name, rule.sql, rule.sql, rule.why, rule.name) for rule in schema.rules),
        *(_reference(column, target, schema) for column, target in schema.references.items()),
    ]


def quoted(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _key_checks(schema: TableSchema) -> Iterator[Check]:
    if schema.primary_key:
        names = ", ".join(schema.primary_key)
        yield Check(
            rule="primary-key",
            expectation=f"{names}: every row has another",
            why=f"A row is {schema.grain}.",
            kind="unique",
            columns=dict(_projected(schema.columns[name], schema) for name in schema.primary_key),
            is_bad=_REPEATED.format(key=_key(schema)),
        )


def _column_checks(column: Column, schema: TableSchema) -> Iterator[Check]:
    name, sql, why = column.name, quoted(column.name), column.description
    projected = dict([_projected(column, schema)])
    if not column.nullable:
        expectation = f"{name} is not null"
        yield Check(f"not-null:{name}", expectation, why, "not-null", projected, f"{sql} IS NULL")
    if column.enum is not None:
        known = ", ".join("'" + value.replace("'", "''") + "'" for value in column.enum)
        yield Check(
            rule=f"enum:{name}",
            expectation=f"{name} is one of {', '.join(column.enum)}",
            why=why,
            kind="in-set",
            columns=projected,
            is_bad=f"{sql} NOT IN ({known})",
            values=tuple(html.escape(value, quote=False) for value in column.enum),
            shown=sql,
        )
    not_nan = f" AND NOT isnan({sql})" if column.type.startswith("float") else ""
    for rule, word, sign, limit in (
        ("min", "at least", ">=", column.min),
        ("max", "at most", "<=", column.max),
    ):
        if limit is not None:
            yield Check(
                rule=f"{rule}:{name}",
                expectation=f"{name} is {word} {limit:g}",
                why=why,
                kind="between",
                columns=projected,
                is_bad=f"NOT ({sql} {sign} {limit}{not_nan})",
                low=limit if rule == "min" else None,
                high=limit if rule == "max" else None,
                shown=sql,
            )


def _projected(column: Column, schema: TableSchema) -> tuple[str, str]:
    """Return name and SQL of a column in the flat projection.

    Of texts and lists only lengths go there: null stays null, and the rest is not looked at.
    """
    sql, tree = quoted(column.name), column.tree
    is_text = tree == Scalar("string")
    is_looked_at = column.enum is not None or column.name in schema.primary_key
    if isinstance(tree, ListOf) or (is_text and not is_looked_at):
        return f"len({column.name})", f"len({sql})"
    if is_text:
        # Great Expectations writes values into its pages as they are.
        return column.name, _ESCAPED.format(sql)
    if not isinstance(tree, Scalar):
        return f"{column.name} is given", f"CASE WHEN {sql} IS NOT NULL THEN 1 END"
    if tree.name.startswith("float"):
        # pandas cannot tell NaN from null, and NaN is outside every range.
        outside = "-inf" if column.min is not None else "inf"
        return column.name, f"CASE WHEN isnan({sql}) THEN '{outside}'::DOUBLE ELSE {sql} END"
    return column.name, sql


def _truth(rule: str, sql: str, expectation: str, why: str, column: str) -> Check:
    """Make a check of an SQL condition; as with CHECK in SQL, null is not false."""
    truth = f"({sql}) IS NOT FALSE"
    return Check(
        rule, expectation, why, "in-set", {column: truth}, f"({sql}) IS FALSE", values=(True,)
    )


def _reference(column: str, target: str, schema: TableSchema) -> Check:
    table, key = target.split(".")
    is_list = isinstance(schema.columns[column].tree, ListOf)
    sql = (_ORPHANS if is_list else _KNOWN).format(
        key=_key(schema), column=quoted(column), target=quoted(table), target_column=quoted(key)
    )
    check = _truth(
        f"reference:{column}",
        sql,
        f"{column}: every item is in {target}" if is_list else f"{column} is in {target}",
        f"A row of {schema.table} that points to nothing cannot be joined with {table}.",
        f"{column} → {target}",
    )
    return check if is_list else replace(check, shown=quoted(column))


def _key(schema: TableSchema) -> str:
    """Return SQL of the primary key as one value."""
    names = [quoted(name) for name in schema.primary_key]
    return names[0] if len(names) == 1 else f"row({', '.join(names)})"
