"""Argilla 2: what a data set of its consists of, and what comes out of one."""

from __future__ import annotations

__all__: list[str] = []
