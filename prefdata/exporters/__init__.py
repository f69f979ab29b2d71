"""One file, one exporter; found by its file name."""

from __future__ import annotations

__all__: list[str] = []
