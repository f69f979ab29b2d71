"""Parts of the stage `constitution`."""

from __future__ import annotations

__all__: list[str] = []
