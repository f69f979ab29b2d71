"""Models behind one face each: one file, one backend, found by its name."""

from __future__ import annotations

__all__: list[str] = []
