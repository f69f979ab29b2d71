"""Which principles say the same, or the opposite, what they are about, and who stands for them."""

from __future__ import annotations

__all__: list[str] = []
