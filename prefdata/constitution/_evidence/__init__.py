"""Parts of `prefdata.constitution.evidence`."""

from __future__ import annotations

__all__: list[str] = []
