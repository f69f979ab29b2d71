"""Parts of the scripted hub: repositories, large files, routes, faults, and what it logs."""

from __future__ import annotations

__all__: list[str] = []
