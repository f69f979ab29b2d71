"""Chat models whose weights are in this process."""

from __future__ import annotations

__all__: list[str] = []
