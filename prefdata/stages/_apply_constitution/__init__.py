"""Parts of the stage `apply-constitution`."""

from __future__ import annotations

__all__: list[str] = []
