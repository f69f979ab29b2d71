"""The parameters of a plugin as rows to show, those inside others among them."""

from __future__ import annotations

from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

__all__ = ["parameter_rows"]


def parameter_rows(params: Any, prefix: str = "") -> list[dict[str, str]]:
    """Return a row for each parameter: its name, its default, what it does.

    Args:
        params: The model of the parameters, a class.
        prefix: What stands before the names of parameters inside another one.
    """
    from prefdata.protocols.params import nested_params

    rows: list[dict[str, str]] = []
    for key, field in params.model_fields.items():
        inner = nested_params(field.annotation)
        is_always = field.annotation is inner
        rows.append(
            {
                "parameter": prefix + key,
                "default": "(see below)" if inner and is_always else _default(field),
                "what": " ".join(filter(None, (field.description, _choices(field)))),
            }
        )
        if inner:
            rows += parameter_rows(inner, f"{prefix}{key}.")
    return rows


def _default(field: Any) -> str:
    """Return the default of a parameter as text."""
    if field.is_required():
        return "(required)"
    return str(field.get_default(call_default_factory=True))


def _choices(field: Any) -> str:
    """Return what a parameter may be, where its description leaves a choice unsaid."""
    choices = _literals(field.annotation)
    if all(choice in (field.description or "") for choice in choices):
        return ""
    return f"One of {', '.join(f'`{choice}`' for choice in choices)}."


def _literals(annotation: Any) -> list[str]:
    """Return the words that a type allows, those of an optional one too."""
    if get_origin(annotation) is Literal:
        return [choice for choice in get_args(annotation) if isinstance(choice, str)]
    if get_origin(annotation) in {Union, UnionType}:
        return [choice for part in get_args(annotation) for choice in _literals(part)]
    return []
