"""Plugins are strangers: a plugin uses private modules beside it, never another plugin."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_KINDS = (
    "sources",
    "stages",
    "exporters",
    "reports",
    "routers",
    "handoffs",
    "backends",
    "publishers",
    "engines",
)


def _imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("kind", _KINDS)
def test_no_plugin_imports_another(kind: str, root: Path) -> None:
    folder = root / "prefdata" / kind
    package = f"prefdata.{kind}"
    plugins = {
        f"{package}.{path.stem}" for path in folder.glob("*.py") if not path.stem.startswith("_")
    }
    faults = [
        f"{path.relative_to(root)} imports {name}"
        for path in sorted(folder.rglob("*.py"))
        for name in sorted(_imported(ast.parse(path.read_text())))
        if name in plugins
    ]
    assert not faults


@pytest.mark.parametrize("kind", _KINDS)
def test_a_plugin_uses_its_own_parts_or_shared_ones(kind: str, root: Path) -> None:
    """A private package named like a plugin belongs to it (or to plugins that its name begins)."""
    folder = root / "prefdata" / kind
    package = f"prefdata.{kind}._"
    plugins = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    owned = {p.name[1:] for p in folder.glob("_*") if p.is_dir() and p.name[1:] in plugins}
    faults = [
        f"{path.relative_to(root)} imports {name}"
        for path in sorted(folder.glob("*.py"))
        for name in sorted(_imported(ast.parse(path.read_text())))
        if name.startswith(package)
        and (part := name.removeprefix(package).split(".")[0]) in owned
        and not path.stem.startswith(part)
    ]
    assert not faults
