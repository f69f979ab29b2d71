"""How groups of labels are counted, summed and held against each other."""

from __future__ import annotations

__all__: list[str] = []
