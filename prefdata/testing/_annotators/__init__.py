"""One module for each tool: its export, as the tool writes it."""

from __future__ import annotations

__all__: list[str] = []
