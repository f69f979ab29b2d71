"""Ratios against peers, measured in one run on one machine; see docs/benchmarks.md.

Only the standard library and rich are imported here: what is measured runs in processes of its own.
"""

from __future__ import annotations

__all__: list[str] = []
