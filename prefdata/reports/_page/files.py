"""The files of a report: texts, numbers as JSON, figures in a folder of their own."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prefdata.reports._page.figures import Drawn

__all__ = ["WIDTH", "as_json", "short", "write_all"]

WIDTH = 80
"""Characters of a line in a terminal."""


def as_json(numbers: Mapping[str, Any]) -> str:
    """Write numbers as JSON; what is not finite is null."""
    return json.dumps(_finite(dict(numbers)), indent=2, ensure_ascii=False) + "\n"


def short(line: str) -> str:
    """Cut a line to what a terminal shows."""
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def write_all(out: Path, texts: Mapping[str, str], figures: Mapping[str, Drawn]) -> list[Path]:
    """Write the files of a report and return them.

    Args:
        out: An empty folder.
        texts: Content by file name.
        figures: By name; their light dress is written as PNG.
    """
    files = []
    for name, text in texts.items():
        path = out / name
        path.write_text(text, encoding="utf-8", newline="\n")
        files.append(path)
    if figures:
        (out / "figures").mkdir()
    for name, drawn in figures.items():
        path = out / "figures" / f"{name}.png"
        path.write_bytes(drawn.light)
        files.append(path)
    return files


def _finite(value: Any) -> Any:
    """Return the value with null in place of what JSON cannot hold."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
