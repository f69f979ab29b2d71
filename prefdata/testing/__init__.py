"""What plugin authors and our own tests share: contracts, strategies, the synthetic world."""

from __future__ import annotations

__all__: list[str] = []
