"""Parts of the stage `route`."""

from __future__ import annotations

__all__: list[str] = []
