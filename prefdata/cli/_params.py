"""The parameters of a plugin as rows to show, those of a model inside it among them."""

from __future__ import annotations

from typing import Any

__all__ = ["parameter_rows"]


def parameter_rows(params: Any, prefix: str = "") -> list[dict[str, str]]:
    """Return a row for each parameter: its name, its default, what it does.

    Args:
        params: The model of the parameters, a class.
        prefix: What stands before the names of parameters inside another one.
    """
    rows: list[dict[str, str]] = []
    for key, field in params.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        rows.append(
            {
                "parameter": prefix + key,
                "default": "(see below)" if inner else _default(field),
                "what": field.description or "",
            }
        )
        if inner:
            rows += parameter_rows(field.annotation, f"{prefix}{key}.")
    return rows


def _default(field: Any) -> str:
    """Return the default of a parameter as text."""
    if field.is_required():
        return "(required)"
    return str(field.get_default(call_default_factory=True))
