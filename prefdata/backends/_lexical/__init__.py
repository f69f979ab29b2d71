"""Parts of the lexical embedder: what it is fitted on, its features, and the fitted model."""

from __future__ import annotations

__all__: list[str] = []
