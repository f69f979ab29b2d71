"""Parts of the report `annotated-pairs`."""

from __future__ import annotations

__all__: list[str] = []
