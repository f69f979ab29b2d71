"""Parts of the scripted chat server: what it logs, how it fails, what it says."""

from __future__ import annotations

__all__: list[str] = []
