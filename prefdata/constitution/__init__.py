"""What preferences reward: principles, their votes, and how well they explain labels."""

from __future__ import annotations

__all__: list[str] = []
