"""Parts of the adapter `annotated-pairs`: its two file formats, its tables, its example."""

from __future__ import annotations

__all__: list[str] = []
