"""Where datasets are published: one file, one place."""

from __future__ import annotations

__all__: list[str] = []
