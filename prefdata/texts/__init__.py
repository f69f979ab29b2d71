"""Texts as columns: which part of a row is its text, what equal wording means, word n-grams."""

from __future__ import annotations

__all__: list[str] = []
