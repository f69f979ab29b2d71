"""Frames in flight: bundles, ids and hashes, messages, readers of raw files, Parquet writers."""

from __future__ import annotations

__all__: list[str] = []
