"""Parts of the stage `decontaminate`."""

from __future__ import annotations

__all__: list[str] = []
