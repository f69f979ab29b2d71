"""The fields of a pydantic model as a table of Markdown."""

from __future__ import annotations

import json
from pathlib import Path, PurePath
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from prefdata.recipes.parts import Name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo

__all__ = ["field_table", "type_words"]

_WORDS: dict[Any, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    Path: "path",
    NoneType: "null",
    Any: "any",
}
_LIMITS = (
    ("ge", "at least {}"),
    ("gt", "above {}"),
    ("le", "at most {}"),
    ("lt", "below {}"),
    ("min_length", "length at least {}"),
    ("max_length", "length at most {}"),
)
_MOST = 60
_NAME = next(part.pattern for part in get_args(Name)[1].metadata if hasattr(part, "pattern"))
"""A pattern that would tell a reader less than the word."""


def field_table(
    model: type[BaseModel], *, linked: Mapping[type[BaseModel], str] | None = None
) -> list[str]:
    """Return the lines of a table with a row for each key, those inside others among them.

    Args:
        model: The model; its keys are named as in YAML.
        linked: Models that have a section of their own, and its address: they are pointed to
            instead of being laid out again.
    """
    rows = list(_rows(model, "", linked or {}))
    if not rows:
        return ["It takes no parameters."]
    return ["| key | type | default | meaning |", "|---|---|---|---|", *rows]


def type_words(annotation: Any, linked: Mapping[type[BaseModel], str] | None = None) -> str:
    """Return what a type allows, in words of YAML."""
    linked = linked or {}
    args = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return type_words(args[0], linked)
    if get_origin(annotation) is not None:
        return _several(annotation, args, linked)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[keys]({linked[annotation]})" if annotation in linked else "keys below"
    return _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _several(annotation: Any, args: tuple[Any, ...], linked: Mapping[type[BaseModel], str]) -> str:
    """Return a type made of others in words: a choice, a list, a mapping."""
    origin = get_origin(annotation)
    if origin is Literal:
        return ", ".join(f"`{_plain(choice)}`" for choice in args)
    inner = [type_words(part, linked) for part in args if part is not Ellipsis]
    if origin in {Union, UnionType}:
        return " or ".join(dict.fromkeys(inner))
    if origin is dict:
        return f"mapping of {inner[0]} to {inner[1]}"
    is_fixed = origin is tuple and Ellipsis not in args and len(args) > 1
    return f"list: {', '.join(inner)}" if is_fixed else f"list of {' or '.join(inner)}"


def _rows(
    model: type[BaseModel], prefix: str, linked: Mapping[type[BaseModel], str]
) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        inner = _inner(field.annotation)
        cells = (
            f"`{key}`",
            _type(field, linked),
            _default(field, inner),
            " ".join((field.description or "").split()),
        )
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        if inner is not None and inner not in linked:
            yield from _rows(inner, f"{key}.", linked)


def _type(field: FieldInfo, linked: Mapping[type[BaseModel], str]) -> str:
    patterns = [getattr(part, "pattern", None) for part in field.metadata]
    if _NAME in patterns:
        return "name"
    limits = [
        words.format(_plain(getattr(part, name)))
        for part in field.metadata
        for name, words in _LIMITS
        if getattr(part, name, None) is not None
    ]
    limits += [f"matching `{pattern}`" for pattern in patterns if pattern]
    return ", ".join([type_words(field.annotation, linked), *limits])


def _default(field: FieldInfo, inner: type[BaseModel] | None) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if inner is not None and isinstance(value, BaseModel):
        return "its own"
    text = _plain(value)
    if len(text) > _MOST:
        text = f"{text[:_MOST]}…"
    return f"`{text}`"


def _plain(value: Any) -> str:
    """Return a value as YAML and JSON both write it; words without quotes."""
    if isinstance(value, str) and value.strip() == value and value:
        return value
    return json.dumps(value, ensure_ascii=False, default=_simple)


def _simple(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return value.as_posix() if isinstance(value, PurePath) else str(value)


def _inner(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a type holds, if it holds one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_inner, get_args(annotation))), None)
