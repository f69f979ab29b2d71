"""How the stage `judge` asks, and what it makes of the answers."""

from __future__ import annotations

__all__: list[str] = []
