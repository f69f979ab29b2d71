"""Parts of the report `routing`."""

from __future__ import annotations

__all__: list[str] = []
