"""Files of a warehouse: in a folder, in an object store, and Iceberg's way to them."""

from __future__ import annotations

__all__: list[str] = []
