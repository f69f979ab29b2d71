"""What every other layer stands on: errors, events, fingerprints, shipped files."""

from __future__ import annotations

__all__: list[str] = []
