"""Parts of the stage `aggregate-votes`."""

from __future__ import annotations

__all__: list[str] = []
