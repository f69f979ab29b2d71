"""What every use of a causal language model needs: its files, its name, its words, its weights."""

from __future__ import annotations

__all__: list[str] = []
