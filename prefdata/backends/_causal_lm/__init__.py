"""Parts of the `causal-lm` backend: where a model is, how it reads, and how it runs."""

from __future__ import annotations

__all__: list[str] = []
