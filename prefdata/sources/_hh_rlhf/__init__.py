"""Parts of the adapter `hh-rlhf`."""

from __future__ import annotations

__all__: list[str] = []
