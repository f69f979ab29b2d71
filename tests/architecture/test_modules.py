"""The shape of every module: short, introduced, with a list of what it exports, and tested."""

from __future__ import annotations

import ast
import doctest
import importlib
from pathlib import PurePosixPath
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


def _twins(module: PurePosixPath) -> list[str]:
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


def _needs_twin(module: PurePosixPath) -> bool:
    if module.stem in {"__init__", "__main__"}:
        return False
    is_plugin = module.parts[0] in _TESTED_BY_CONTRACT and not module.stem.startswith("_")
    return not (is_plugin and len(module.parts) == 2)


def test_modules_are_short(modules: dict[str, str]) -> None:
    n_lines = {name: len(text.splitlines()) for name, text in modules.items()}
    long = [f"{name}: {n} lines" for name, n in n_lines.items() if n > _MAX_LINES]
    assert not long, "find the second thing in each and move that out:\n" + "\n".join(long)


def test_modules_say_what_they_are_for_and_what_they_export(modules: dict[str, str]) -> None:
    odd = []
    for name, text in modules.items():
        tree = ast.parse(text)
        if not ast.get_docstring(tree):
            odd.append(f"{name}: no docstring")
        if _exports(tree) is None and not name.endswith("/__main__.py"):
            odd.append(f"{name}: no __all__")
    assert not odd, "\n".join(odd)


def test_every_module_has_a_twin_among_the_tests(modules: dict[str, str], root: Path) -> None:
    missing = {}
    for name in modules:
        module = PurePosixPath(name).relative_to("prefdata")
        twins = _twins(module)
        if _needs_twin(module) and not any((root / "tests" / twin).is_file() for twin in twins):
            missing[name] = twins[0]
    lines = [f"{module}: write tests/{twin}" for module, twin in missing.items()]
    assert not lines, "modules without tests:\n" + "\n".join(lines)


def test_the_examples_in_the_docstrings_hold(modules: dict[str, str]) -> None:
    with_examples = [name for name, text in modules.items() if ">>>" in text]
    assert with_examples
    failed = {}
    for name in with_examples:
        module = importlib.import_module(name.removesuffix(".py").replace("/", "."))
        result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
        if result.failed:
            failed[name] = result.failed
    assert not failed, f"examples that do not hold, shown above: {failed}"
