"""Parts of the adapter `trl`: the shapes of its rows, its tables, its example."""

from __future__ import annotations

__all__: list[str] = []
