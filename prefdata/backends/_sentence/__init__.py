"""Parts of the `sentence` embedder: where a model is, what names it, how it reads and runs."""

from __future__ import annotations

__all__: list[str] = []
