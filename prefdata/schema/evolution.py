"""What may change within a version of a table, held by ``schemas/schemas.lock.json``.

Within a version, nullable columns may be added, enums widened and columns made nullable: every
row written before is still valid. Anything else, such as removing, renaming or re-typing a
column or making it not null, is a new version in a new file.

``python -m prefdata.schema.evolution --write`` checks the contracts and writes the lock.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, TypedDict

from prefdata.core.fingerprint import digest
from prefdata.core.shipped import shipped_folder
from prefdata.schema.load import shipped_schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from prefdata.schema.model import Column, TableSchema

__all__ = [
    "LockedColumn",
    "LockedTable",
    "check_evolution",
    "lock_of",
    "lock_path",
    "read_lock",
    "write_lock",
]


class LockedColumn(TypedDict):
    """A column as it was published."""

    name: str
    type: str
    nullable: bool
    enum: list[str] | None


class LockedTable(TypedDict):
    """One version of a table as it was published."""

    digest: str
    """Of all that decides which rows are valid: keys, columns, limits and rules; not of prose."""
    primary_key: list[str]
    columns: list[LockedColumn]


def lock_path() -> Path:
    """Return the place of the lock file."""
    return shipped_folder("schemas") / "schemas.lock.json"


def read_lock(path: Path | None = None) -> dict[str, LockedTable]:
    """Read the lock; one that does not exist yet is empty."""
    file = path or lock_path()
    if not file.exists():
        return {}
    lock: dict[str, LockedTable] = json.loads(file.read_text(encoding="utf-8"))
    return lock


def lock_of(schemas: Iterable[TableSchema]) -> dict[str, LockedTable]:
    """Return what the lock says when it is up to date with these contracts."""
    return {
        schema.id: LockedTable(
            digest=digest(_meaning(schema)),
            primary_key=list(schema.primary_key),
            columns=[_locked(column) for column in schema.columns.values()],
        )
        for schema in schemas
    }


def write_lock(path: Path | None = None) -> Path:
    """Write the lock of the shipped contracts and return its place; it does not check them."""
    file = path or lock_path()
    text = json.dumps(lock_of(shipped_schemas()), indent=1, sort_keys=True, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")
    return file


def check_evolution(lock: Mapping[str, LockedTable], current: Iterable[TableSchema]) -> list[str]:
    """Say which changes of the contracts need a new version; none is an empty list.

    Tables and versions that the lock does not know are new, and free.
    """
    schemas = {schema.id: schema for schema in current}
    problems: list[str] = []
    for name, locked in lock.items():
        if name in schemas:
            problems += [f"{name}: {problem}" for problem in _problems(locked, schemas[name])]
        else:
            problems.append(f"{name}: the table or version was removed")
    return problems


def _problems(locked: LockedTable, schema: TableSchema) -> Iterator[str]:
    if list(schema.primary_key) != locked["primary_key"]:
        yield f"the primary key changed from {locked['primary_key']}"
    before = {column["name"]: column for column in locked["columns"]}
    for name, old in before.items():
        if name not in schema.columns:
            yield f"column {name} was removed or renamed"
            continue
        yield from _column_problems(old, schema.columns[name])
    for name, column in schema.columns.items():
        if name not in before and not column.nullable:
            yield f"column {name} was added and may not be null, but old rows have none"
    # Old files are read by position: what they hold must stay in front.
    is_whole = set(before) <= set(schema.columns)
    if is_whole and list(schema.columns)[: len(before)] != list(before):
        yield "columns moved or were added before the last; add new ones at the end"


def _column_problems(old: LockedColumn, new: Column) -> Iterator[str]:
    if new.type != old["type"]:
        yield f"column {new.name} changed its type from {old['type']} to {new.type}"
    if old["nullable"] and not new.nullable:
        yield f"column {new.name} became not null"
    if new.enum is not None:
        lost = sorted(set(old["enum"] or ()) - set(new.enum))
        if old["enum"] is None:
            yield f"column {new.name} got an enum"
        elif lost:
            yield f"column {new.name} lost the values {', '.join(lost)}"


def _locked(column: Column) -> LockedColumn:
    return LockedColumn(
        name=column.name,
        type=column.type,
        nullable=column.nullable,
        enum=None if column.enum is None else list(column.enum),
    )


def _meaning(schema: TableSchema) -> dict[str, Any]:
    value = schema.model_dump(mode="json", exclude={"grain", "description"})
    for part in (*value["columns"].values(), *value["rules"]):
        part.pop("description", None)
        part.pop("why", None)
    return value


def _main(arguments: Sequence[str]) -> int:
    problems = check_evolution(read_lock(), shipped_schemas())
    if problems:
        sys.stderr.write("".join(f"{problem}\n" for problem in problems))
        sys.stderr.write("Give the table a new version in a new file of schemas/.\n")
        return 3
    if "--write" in arguments:
        sys.stdout.write(f"{write_lock()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
