"""Parts of the stage `factors`."""

from __future__ import annotations

__all__: list[str] = []
