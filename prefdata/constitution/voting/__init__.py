"""How a chat model votes: which of two responses has more of what each principle asks for."""

from __future__ import annotations

__all__: list[str] = []
