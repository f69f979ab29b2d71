"""Principles that a language model proposes for choices that it is shown."""

from __future__ import annotations

__all__: list[str] = []
