"""Parts of `topics`: grouping vectors, naming the groups, and the rows that tell of them."""

from __future__ import annotations

__all__: list[str] = []
