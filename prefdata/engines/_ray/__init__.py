"""Parts of the engine `ray`."""

from __future__ import annotations

__all__: list[str] = []
