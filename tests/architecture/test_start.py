"""Starting is cheap: help and the library's import load no engine."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_HEAVY = {
    "datasets",
    "duckdb",
    "faiss",
    "great_expectations",
    "pandas",
    "polars",
    "pyarrow",
    "pyiceberg",
    "ray",
    "sentence_transformers",
    "torch",
    "transformers",
}


def _imported(*arguments: str, folder: Path) -> set[str]:
    """Return the packages that a Python process imports, from its own account of them."""
    process = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-2000:]
    lines = [line for line in process.stderr.splitlines() if line.startswith("import time:")]
    packages = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in lines}
    assert "prefdata" in packages, "the account of the imports was not understood"
    return packages


@pytest.mark.parametrize(
    "arguments",
    [
        ("-m", "prefdata", "--help"),
        ("-m", "prefdata", "--version"),
        ("-c", "import prefdata"),
        ("-c", "import prefdata.cli"),
    ],
    ids=" ".join,
)
def test_starting_imports_no_engine(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert not _imported(*arguments, folder=tmp_path) & _HEAVY
