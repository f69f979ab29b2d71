"""Parts of the publisher `hub`: its client, what it compares, sends and proves."""

from __future__ import annotations

__all__: list[str] = []
