"""Parts of the stage `gate-rationales`."""

from __future__ import annotations

__all__: list[str] = []
