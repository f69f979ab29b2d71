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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for ``module_path`` once for each module of the package."""
    if "module_path" in metafunc.fixturenames:
        modules = sorted((ROOT / "prefdata").rglob("*.py"))
        names = [module.relative_to(ROOT).as_posix() for module in modules]
        metafunc.parametrize("module_path", modules, ids=names)
