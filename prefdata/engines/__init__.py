"""Engines: where work is done; one file, one plugin."""

from __future__ import annotations

__all__: list[str] = []
