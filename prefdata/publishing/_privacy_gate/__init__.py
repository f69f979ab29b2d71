"""Parts of the privacy gate: what is staged, what is found in it, and who could be recognised."""

from __future__ import annotations

__all__: list[str] = []
