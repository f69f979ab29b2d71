"""Parts of `dedup`: the texts read in batches, what makes two alike, clusters and their rows."""

from __future__ import annotations

__all__: list[str] = []
