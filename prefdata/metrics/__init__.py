"""Pure mathematics on arrays and frames: no table, no model, no file."""

from __future__ import annotations

__all__: list[str] = []
