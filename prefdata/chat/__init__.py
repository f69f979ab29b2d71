"""One caller for all chat models: what is known is read, what is missing is asked and paid once."""

from __future__ import annotations

__all__: list[str] = []
