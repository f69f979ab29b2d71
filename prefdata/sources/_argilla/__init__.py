"""Parts of the adapter `argilla`: the shapes of records, their votes, tables, the example."""

from __future__ import annotations

__all__: list[str] = []
