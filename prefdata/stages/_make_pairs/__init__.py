"""Parts of the stage `make-pairs`."""

from __future__ import annotations

__all__: list[str] = []
