"""Principles that explain preferences: what they cost to find, beside inverse-cai."""

from __future__ import annotations

__all__: list[str] = []
