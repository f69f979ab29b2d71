"""Parts of the stage `native-rationales`: one module for each place where sources keep texts."""

from __future__ import annotations

__all__: list[str] = []
