"""Parts of the adapter `multipref`."""

from __future__ import annotations

__all__: list[str] = []
