"""What the adapters for any table share: choosing files, reading rows, filling cells back."""

from __future__ import annotations

__all__: list[str] = []
