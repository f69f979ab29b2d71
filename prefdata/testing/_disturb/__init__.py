"""The other side of `prefdata.testing.disturb`: the process that forks commands, and steps."""

from __future__ import annotations

__all__: list[str] = []
