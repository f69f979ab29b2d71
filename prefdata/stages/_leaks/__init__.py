"""Parts of the stage `leaks`."""

from __future__ import annotations

__all__: list[str] = []
