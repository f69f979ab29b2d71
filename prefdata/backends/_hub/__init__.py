"""What all models from the Hugging Face hub need: being found, and having a digest."""

from __future__ import annotations

__all__: list[str] = []
