"""The page of all tables, made from the contracts.

``python -m prefdata.schema.docs PATH`` writes it; the project keeps it as ``docs/tables.md``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from prefdata.schema.load import table_names, table_schema
from prefdata.schema.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.schema.model import Column, TableSchema

__all__ = ["tables_markdown"]

_HEAD = """\
# Tables

This page is made from the contracts in `schemas/`; `python -m prefdata.schema.docs docs/tables.md`
writes it. Types are Arrow types; timestamps are UTC microseconds. A column is never null unless
it says so.
"""
_KINDS: dict[Kind, str] = {
    "canonical": "What sources say, without loss.",
    "derived": "What stages find and decide, keyed by the ids of canonical tables.",
    "keyed": "What was computed once for a content, a model and its parameters, and is used again.",
    "system": "What was read, and what did not pass.",
    "log": "Which runs wrote what.",
}


def tables_markdown() -> str:
    """Write each table's grain, keys, columns and rules as Markdown."""
    parts = [_HEAD]
    for kind in get_args(Kind):
        parts.append(f"## {kind.capitalize()} tables\n\n{_KINDS[kind]}\n")
        parts += ["\n".join(_table(table_schema(name))) for name in table_names(kind)]
    return "\n".join(parts)


def _table(schema: TableSchema) -> Iterator[str]:
    yield f"### {schema.table}\n"
    yield f"Version {schema.version}. One row is {schema.grain}.\n"
    yield f"{schema.description}\n"
    for title, names in (
        ("Primary key", schema.primary_key),
        ("Partitioned by", schema.partition_by),
        ("Sorted by", schema.sort_by),
    ):
        if names:
            yield f"- {title}: {', '.join(f'`{name}`' for name in names)}"
    for name, target in schema.references.items():
        yield f"- `{name}` points to `{target}`"
    yield "\n| column | type | null | unit | meaning |\n|---|---|---|---|---|"
    for column in schema.columns.values():
        yield _row(column)
    yield ""
    for rule in schema.rules:
        yield f"- **{rule.name}**: `{rule.sql}`. {rule.why}"
    if schema.rules:
        yield ""


def _row(column: Column) -> str:
    limits = ""
    if column.enum is not None:
        limits = f" One of {', '.join(f'`{value}`' for value in column.enum)}."
    if column.min is not None:
        limits += f" At least {column.min}."
    if column.max is not None:
        limits += f" At most {column.max}."
    cells = (
        f"`{column.name}`",
        f"`{column.type}`",
        "yes" if column.nullable else "",
        column.unit or "",
        column.description + limits,
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(tables_markdown(), encoding="utf-8")
