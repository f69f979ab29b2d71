"""Reports, one file each: a folder with a page to read, figures, and the numbers behind them."""

from __future__ import annotations

__all__: list[str] = []
