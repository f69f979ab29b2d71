"""One file, one source; found by its file name."""

from __future__ import annotations

__all__: list[str] = []
