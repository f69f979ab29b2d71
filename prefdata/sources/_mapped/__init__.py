"""Parts of the adapter `mapped`: the mapping, its rows, its tables, its example."""

from __future__ import annotations

__all__: list[str] = []
