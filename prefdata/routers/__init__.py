"""Routers, one file each: how much a human label of each comparison would gain."""

from __future__ import annotations

__all__: list[str] = []
