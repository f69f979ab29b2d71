"""The checkout, as the architecture tests read it."""

from __future__ import annotations

from pathlib import Path

import pytest

__all__: list[str] = []

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def modules(root: Path) -> dict[str, str]:
    """Return the text of each module of the package by its path in the checkout."""
    paths = sorted((root / "prefdata").rglob("*.py"))
    assert paths
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}
