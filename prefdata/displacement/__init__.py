"""Pairs scored by how likely they are to displace likelihood, kept by content in the catalog."""

from __future__ import annotations

__all__: list[str] = []
