"""What the tests of the commands stand on: a runner in this process, and a small workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest
from typer.testing import CliRunner

import prefdata as pf
from prefdata.cli import app
from prefdata.registry import plugin

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Answer", "Run"]


class Answer(NamedTuple):
    """What a command left behind."""

    stdout: str
    stderr: str
    status: int


class Run(Protocol):
    """Runs a command in this process."""

    def __call__(self, *args: str | Path, stdin: str | None = None) -> Answer: ...


@pytest.fixture
def run() -> Run:
    """Return a function that runs a command; what is a bug is raised, not caught."""

    def _run(*args: str | Path, stdin: str | None = None) -> Answer:
        words = [str(arg) for arg in args]
        result = CliRunner().invoke(app, words, input=stdin, catch_exceptions=False)
        return Answer(result.stdout, result.stderr, result.exit_code)

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
