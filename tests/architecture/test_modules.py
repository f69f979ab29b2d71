"""The shape of every module: short, introduced, with a list of what it exports, and tested."""

from __future__ import annotations

import ast
import doctest
import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_MAX_LINES = 400

# Each file here is a plugin that the contract tests find and run by its name.
_TESTED_BY_CONTRACT = {"sources", "stages", "exporters", "routers", "handoffs"}


def _exports(tree: ast.Module) -> list[str] | None:
    """Return the names in ``__all__``, or None if the module has none."""
    for node in tree.body:
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if "__all__" in names and isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            return [str(name) for name in ast.literal_eval(node.value)]
    return None


def _twins(module: Path) -> list[str]:
    """Return where the tests of a module may be, for a path relative to the package.

    A module inside a package of the second level may be tested by the test of that package; the
    command line is tested as a subprocess, in a folder of its own.
    """
    parts = [*module.parent.parts, module.stem]
    places = []
    for depth in range(len(parts), min(len(parts), 2) - 1, -1):
        *folders, name = parts[:depth]
        places.append("/".join(["unit", *folders, f"test_{name.lstrip('_')}.py"]))
    if parts[0] == "cli":
        places.append(f"cli/test_{parts[-1].lstrip('_')}.py")
    return places


def _needs_twin(module: Path) -> bool:
    if module.stem in {"__init__", "__main__"}:
        return False
    is_plugin = module.parts[0] in _TESTED_BY_CONTRACT and not module.stem.startswith("_")
    return not (is_plugin and len(module.parts) == 2)


def test_a_module_is_short(module_path: Path) -> None:
    n_lines = len(module_path.read_text(encoding="utf-8").splitlines())
    assert n_lines <= _MAX_LINES, f"{n_lines} lines: find the second thing in it and move that out"


def test_a_module_says_what_it_is_for(module_path: Path) -> None:
    tree = ast.parse(module_path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "no docstring"


def test_a_module_lists_what_it_exports(module_path: Path) -> None:
    if module_path.stem == "__main__":
        return
    tree = ast.parse(module_path.read_text(encoding="utf-8"))
    assert _exports(tree) is not None, "no __all__"


def test_every_module_has_a_twin_among_the_tests(root: Path) -> None:
    modules = [path.relative_to(root / "prefdata") for path in (root / "prefdata").rglob("*.py")]
    missing = {
        module.as_posix(): _twins(module)
        for module in sorted(modules)
        if _needs_twin(module)
        and not any((root / "tests" / twin).is_file() for twin in _twins(module))
    }
    lines = [f"prefdata/{module}: write tests/{twins[0]}" for module, twins in missing.items()]
    assert not lines, "modules without tests:\n" + "\n".join(lines)


def test_the_examples_in_the_docstrings_hold(module_path: Path, root: Path) -> None:
    if ">>>" not in module_path.read_text(encoding="utf-8"):
        return
    name = ".".join(module_path.relative_to(root).with_suffix("").parts)
    result = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.failed == 0
