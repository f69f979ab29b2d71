"""What the stage `import-labels` makes of answers."""

from __future__ import annotations

__all__: list[str] = []
