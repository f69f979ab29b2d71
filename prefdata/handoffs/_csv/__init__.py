"""Spreadsheets: guarded cells, and sheets that people filled in."""

from __future__ import annotations

__all__: list[str] = []
