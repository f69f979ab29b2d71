"""What a user can meet is in the docs: every error code, every table, every command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import typer
import yaml

from prefdata.core import errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__: list[str] = []


def _kinds(kind: type[errors.PrefdataError]) -> Iterator[type[errors.PrefdataError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from _kinds(child)


def _commands(command: Any, path: str) -> Iterator[str]:
    """Yield the full name of every command below a group, and of the groups."""
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if not child.hidden:
            yield f"{path} {name}"
            yield from _commands(child, f"{path} {name}")


def test_the_code_of_an_error_is_unique_and_in_kebab_case() -> None:
    codes = [kind.code for kind in _kinds(errors.PrefdataError)]
    assert sorted(set(codes)) == sorted(codes)
    assert not [code for code in codes if not re.fullmatch(r"[a-z]+(-[a-z]+)*", code)]


def test_every_error_code_has_one_heading_and_every_heading_a_code(root: Path) -> None:
    text = (root / "docs" / "errors.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### `?([\w-]+)`?$", text, flags=re.MULTILINE)
    assert sorted(headings) == sorted(kind.code for kind in _kinds(errors.PrefdataError))


def test_every_table_is_in_the_docs(root: Path) -> None:
    contracts = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((root / "schemas").glob("*.yaml"))
    ]
    assert contracts
    text = (root / "docs" / "tables.md").read_text(encoding="utf-8")
    missing = {c["table"] for c in contracts if not re.search(rf"\b{c['table']}\b", text)}
    assert not missing


def test_every_command_is_in_the_docs(root: Path) -> None:
    from prefdata.cli import app

    commands = list(_commands(typer.main.get_command(app), "prefdata"))
    assert commands
    text = (root / "docs" / "cli.md").read_text(encoding="utf-8")
    missing = [name for name in commands if not re.search(rf"{name}(?![\w-])", text)]
    assert not missing
