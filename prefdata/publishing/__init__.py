"""What a published dataset must be: checks, licences, and the documents beside the data."""

from __future__ import annotations

__all__: list[str] = []
