"""Parts of the stage `flag-quality`."""

from __future__ import annotations

__all__: list[str] = []
