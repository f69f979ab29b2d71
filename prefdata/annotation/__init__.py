"""Work for people: tasks that are handed off, judgments that come back, and the money between."""

from __future__ import annotations

__all__: list[str] = []
