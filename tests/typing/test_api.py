"""Nothing public is left out of `api.py`: what users write, which mypy checks with the rest."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import prefdata

__all__: list[str] = []

_API = Path(__file__).with_name("api.py")


def test_every_public_name_is_used_as_a_user_would_use_it() -> None:
    if not _API.is_file():
        pytest.skip("there is no public API yet")
    tree = ast.parse(_API.read_text(encoding="utf-8"))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "prefdata"
        for alias in node.names
    }
    public = {name for name in prefdata.__all__ if not name.startswith("__")}
    assert not public - used
