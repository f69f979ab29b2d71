"""Parts of the report `constitution`."""

from __future__ import annotations

__all__: list[str] = []
