"""What recipes are made of is listed and shown."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from prefdata.cli import app
from prefdata.registry import names

__all__: list[str] = []


@pytest.mark.parametrize(("kind", "one"), [("stage", "make-pairs"), ("router", "ensemble")])
def test_plugins_are_listed_and_shown(kind: str, one: str) -> None:
    listed = CliRunner().invoke(app, [kind, "list", "--json"])
    records = [json.loads(line) for line in listed.stdout.splitlines()]
    assert {record[kind] for record in records} == set(names(kind))
    assert all(record["what"] for record in records)
    shown = CliRunner().invoke(app, [kind, "show", one])
    assert shown.stdout.startswith(f"{one} v")
