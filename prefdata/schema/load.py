"""Read contracts from ``schemas/*.yaml``; a fault names the file, the line and the key."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import pydantic
import yaml

from prefdata.core.errors import UnknownNameError, UserError
from prefdata.core.shipped import shipped_folder
from prefdata.schema.model import Kind, TableSchema

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load_schema", "shipped_schemas", "table_names", "table_schema"]

_FILE = re.compile(r"(?P<table>[a-z][a-z0-9_]*)\.v(?P<version>[1-9][0-9]*)\.yaml")


def load_schema(path: Path) -> TableSchema:
    """Read one contract.

    Raises:
        UserError: If the file is not YAML, repeats a key, or is not a contract.
    """
    try:
        node, value = _read_yaml(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _fault(path, line, str(error.problem)) from error
    try:
        schema = TableSchema.model_validate(value)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        found = f"{key}: {reason}" if key else reason
        raise _fault(path, _line_of(node, first["loc"]), found) from error
    name = _FILE.fullmatch(path.name)
    if name is None or name["table"] != schema.table or int(name["version"]) != schema.version:
        raise _fault(path, 1, f"the contract of {schema.id} belongs in {schema.id}.yaml")
    return schema


def table_schema(name: str) -> TableSchema:
    """Return the newest contract of a table.

    Raises:
        UnknownNameError: If no such table ships.
    """
    files = _files()
    if name not in files:
        raise UnknownNameError("table", name, known=files)
    return _load_cached(files[name])


def shipped_schemas() -> tuple[TableSchema, ...]:
    """Return all contracts that ship, older versions included, by table and version."""
    schemas = [_load_cached(path) for path in shipped_folder("schemas").glob("*.yaml")]
    return tuple(sorted(schemas, key=lambda schema: (schema.table, schema.version)))


def table_names(kind: Kind | None = None) -> tuple[str, ...]:
    """Return the names of all tables, or of those of one kind, in alphabetical order."""
    names = tuple(_files())
    if kind is None:
        return names
    return tuple(name for name in names if table_schema(name).kind == kind)


_load_cached = functools.cache(load_schema)


@functools.cache
def _files() -> dict[str, Path]:
    """Return table name to the file of its newest version."""
    newest: dict[str, tuple[int, Path]] = {}
    for path in sorted(shipped_folder("schemas").glob("*.yaml")):
        name = _FILE.fullmatch(path.name)
        if name is None:
            raise _fault(path, 1, "the name of a contract is `<table>.v<version>.yaml`")
        version = int(name["version"])
        if version >= newest.get(name["table"], (0, path))[0]:
            newest[name["table"]] = (version, path)
    return {table: path for table, (_, path) in sorted(newest.items())}


# The parser in C, where pyyaml was built with it, is ten times as fast, and every command waits for
# all contracts.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """Return the nodes, which know their lines, and the value."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, None
        _refuse_duplicate_keys(node)
        return node, loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_duplicate_keys(node: yaml.Node) -> None:
    """Raise on a repeated key, which YAML forbids and pyyaml accepts."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicate_keys(item)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                problem = f"the key {key.value!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
            _refuse_duplicate_keys(value)


def _line_of(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """Return the 1-based line of a place in the document, or of the nearest place above it."""
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _fault(path: Path, line: int, problem: str) -> UserError:
    return UserError(
        f"The contract {path.name} is wrong: {problem}.",
        where=f"{path}:{line}",
        fix="Edit the file; the other files in schemas/ show the form.",
    )
