"""What the tests of the commands stand on: a runner in this process, and a small workspace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

import prefdata as pf
from prefdata.cli import app
from prefdata.registry import plugin

__all__ = ["Answer", "Run"]


@dataclass(frozen=True)
class Answer:
    """What a command printed, and the error it ended with."""

    stdout: str
    stderr: str
    error: BaseException | None


Run = Callable[..., Answer]


@pytest.fixture
def run() -> Run:
    """Run a command in this process; an error is handed back, as `main` would print it."""

    def _run(*args: str | Path, stdin: str | None = None) -> Answer:
        result = CliRunner().invoke(app, [str(arg) for arg in args], input=stdin)
        return Answer(result.stdout, result.stderr, result.exception)

    return _run


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the example rows of HH-RLHF as files."""
    folder = tmp_path_factory.mktemp("raw")
    for name, content in plugin("source", "hh-rlhf").example.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def workspace(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a workspace that holds HH-RLHF, cleaned: snapshots #0, #1 and #2."""
    root = tmp_path_factory.mktemp("workspace")
    pf.init(root)
    pf.ingest("hh-rlhf", raw, workspace=root)
    pf.run("clean", workspace=root)
    return root
