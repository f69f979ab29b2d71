"""Personal data: what is found in texts, who could be recognised, and what hides it."""

from __future__ import annotations

__all__: list[str] = []
