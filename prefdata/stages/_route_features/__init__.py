"""Parts of `route-features`: asking a chat model for tags, reading what it says, notes."""

from __future__ import annotations

__all__: list[str] = []
