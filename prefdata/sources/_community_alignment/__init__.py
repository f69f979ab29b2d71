"""Parts of the adapter `community-alignment`."""

from __future__ import annotations

__all__: list[str] = []
