"""The file of a constitution, ours or written by hand, back as what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ValidationError

from prefdata.constitution.document.model import Document, DocumentPrinciple, Reconstruction
from prefdata.core.errors import UserError
from prefdata.core.strict_yaml import fault_line, load_tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["read_document"]

_FORM = """\
Write a list of sentences, or `principles:` with such a list:
    - Select the response that is shorter.
    - Select the response that admits its limits."""
_PARTS: Mapping[str, type[BaseModel]] = {
    "principles": DocumentPrinciple,
    "reconstruction": Reconstruction,
}


def read_document(path: Path) -> Document:
    """Read the constitution in a YAML file.

    The file is what `write_yaml` writes, a mapping of which ``principles`` is the only needed key,
    or a list of sentences.

    Raises:
        UserError: If there is no such file, or it is no constitution; it names line and field.
    """
    text = _text(path)
    try:
        raw, node = load_tree(text)
    except yaml.MarkedYAMLError as error:
        raise UserError(
            f"The constitution is not YAML: {error.problem}.",
            where=f"{path}:{fault_line(error)}",
            fix="Correct the line; a sentence with a colon and a space needs quotes around it.",
        ) from error
    _refuse_repeats(node, path, set())
    if isinstance(raw, list):
        return _checked({"principles": raw}, node, path, depth=1)
    if not isinstance(raw, dict):
        raise UserError("The file holds no constitution.", where=f"{path}:1", fix=_FORM)
    return _checked(raw, node, path)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(
            f"The constitution cannot be read: {error.strerror or error}.",
            where=str(path),
            fix="Name a YAML file; `prefdata report constitution` writes one for each group.",
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(
            "The constitution is not text in UTF-8.",
            where=str(path),
            fix="Save it as UTF-8; a Markdown file is for reading, the YAML beside it is for this.",
        ) from error


def _checked(
    raw: dict[Any, Any], node: yaml.Node | None, path: Path, *, depth: int = 0
) -> Document:
    try:
        return Document.model_validate(raw)
    except ValidationError as error:
        # That an id is missing follows from words that are missing, which the other errors tell.
        errors = sorted(error.errors(), key=lambda one: one["loc"][-1:] == ("principle_id",))
        first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
        loc = first["loc"]
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        said = first["msg"].removeprefix("Value error, ")
        what = f"{_field(loc)}: {said}{more}." if loc else f"{said[:1].upper()}{said[1:]}{more}."
        raise UserError(
            what, where=f"{path}:{_line(node, loc[depth:])}", fix=_fix(first["type"], loc)
        ) from error


def _field(loc: tuple[int | str, ...]) -> str:
    """Write where a value stands, counted from 1 as people count: ``principles 2, weight``."""
    parts = [f" {part + 1}" if isinstance(part, int) else f", {part}" for part in loc]
    return "".join(parts).removeprefix(", ")


def _fix(kind: str, loc: tuple[int | str, ...]) -> str:
    if kind == "extra_forbidden":
        known: type[BaseModel] = _PARTS[str(loc[0])] if len(loc) > 1 else Document
        return (
            "Remove the line, or correct its name; a sentence with a colon and a space needs "
            f"quotes around it. Known: {', '.join(known.model_fields)}."
        )
    if kind == "value_error":
        return "Correct the file; a principle that you word yourself needs its sentence alone."
    is_list_or_item = loc[:1] == ("principles",) and not loc[2:]
    return _FORM if is_list_or_item else "Correct the value."


def _refuse_repeats(node: yaml.Node | None, path: Path, done: set[int]) -> None:
    """Refuse a key that stands twice in a mapping, of which YAML would keep the last alone."""
    if id(node) in done:
        # An alias leads to the same part again.
        return
    done.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise UserError(
                    f"The key {key.value} stands twice in one place.",
                    where=f"{path}:{key.start_mark.line + 1}",
                    fix="Remove one of the two.",
                )
            seen.add(str(key.value))
            _refuse_repeats(value, path, done)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeats(item, path, done)


def _line(node: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    """Return the line, from 1, of what stands at a place in the file, or of what holds it."""
    line = 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            # A key may be a list, which no field is.
            pairs = {str(key.value): (key, value) for key, value in node.value}
            if part not in pairs:
                return line
            key, node = pairs[part]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line
