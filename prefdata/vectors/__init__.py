"""Vectors of texts: computed once, kept in the catalog, indexed, searched."""

from __future__ import annotations

__all__: list[str] = []
