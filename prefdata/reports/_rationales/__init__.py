"""Parts of the report `rationales`."""

from __future__ import annotations

__all__: list[str] = []
