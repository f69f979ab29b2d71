"""Tokenizers of transformers without their models: where they are, and how they read."""

from __future__ import annotations

__all__: list[str] = []
