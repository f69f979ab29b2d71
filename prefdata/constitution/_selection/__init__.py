"""How principles are screened, put in order, and tried on half-samples."""

from __future__ import annotations

__all__: list[str] = []
