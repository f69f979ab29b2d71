"""Annotation tools, one file each: how tasks go out to them, and how answers come back."""

from __future__ import annotations

__all__: list[str] = []
