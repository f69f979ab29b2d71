"""Label Studio: the labelling interface, and what comes out of a project."""

from __future__ import annotations

__all__: list[str] = []
