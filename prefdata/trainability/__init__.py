"""What a trainer's tokenizer leaves of a pair."""

from __future__ import annotations

__all__: list[str] = []
