"""Preference factors: principles that are computed from texts, without any model."""

from __future__ import annotations

__all__: list[str] = []
