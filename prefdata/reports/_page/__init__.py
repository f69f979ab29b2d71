"""Parts of all reports: the skeleton of a page, figures in light and dark, texts cut to size."""

from __future__ import annotations

__all__: list[str] = []
