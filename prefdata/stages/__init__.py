"""One file, one stage; found by its file name."""

from __future__ import annotations

__all__: list[str] = []
