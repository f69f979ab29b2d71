"""Who should judge a comparison: features, mixes, gains, plans, and what they are worth."""

from __future__ import annotations

__all__: list[str] = []
