"""Parts of `displacement`: scores as they are read, their numbers, figures, and the page."""

from __future__ import annotations

__all__: list[str] = []
