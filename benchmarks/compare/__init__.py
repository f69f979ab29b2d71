"""Every peer, a naive loop and the physical limit beside prefdata, in one run.

Run as ``python -m benchmarks compare``; see docs/benchmarks.md. Only the standard library, rich and
matplotlib are imported by what runs the sides: each of these is a process of its own.
"""

from __future__ import annotations

__all__: list[str] = []
