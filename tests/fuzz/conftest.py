"""The targets are modules of their own, found from wherever pytest was started."""

from __future__ import annotations

import sys
from pathlib import Path

__all__: list[str] = []

_ROOT = str(Path(__file__).parents[2])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)
