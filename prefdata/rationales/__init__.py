"""Rationales of pairs: how they are asked for, what is checked in them, how they are spoilt."""

from __future__ import annotations

__all__: list[str] = []
