"""Parts of the report `hyper-files`."""

from __future__ import annotations

__all__: list[str] = []
