"""Another package adds a dataset: it is installed, found by its entry point, and read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

__all__: list[str] = []

_ROOT = Path(__file__).resolve().parents[2]
_PLUGIN = Path(__file__).parent / "example_plugin"

_READ = """
import json
import sys
from pathlib import Path

import polars as pl

from prefdata import registry
from prefdata.protocols import Context, RawFile

source = registry.plugin("source", "toy-arena")
folder = Path(sys.argv[1])
for name, data in source.example.items():
    (folder / name).write_bytes(data)
files = source.select([RawFile(folder / name, name) for name in source.example])
tables = {}
rejected = 0
for bundle in source.read(files, source.params(), Context()):
    rejected += bundle.rejects.height
    for name, frame in bundle.tables.items():
        tables.setdefault(name, []).append(frame)
whole = {name: pl.concat(frames) for name, frames in tables.items()}
print(json.dumps({
    "names": registry.names("source"),
    "heights": {name: frame.height for name, frame in whole.items()},
    "rejected": rejected,
    "outcomes": whole["judgments"]["outcome"].to_list(),
    "rebuilt": source.rebuild(whole),
    "example": {n: [json.loads(r) for r in d.splitlines()] for n, d in source.example.items()},
}))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Install the plugin into a folder of its own, and return what Python needs to find it."""
    # A copy: building writes beside the sources.
    project = tmp_path_factory.mktemp("project") / "plugin"
    shutil.copytree(_PLUGIN, project, ignore=shutil.ignore_patterns("__pycache__"))
    target = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    install += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    process = subprocess.run(
        [*install, str(project)], capture_output=True, text=True, check=False, cwd=project.parent
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(target), str(_ROOT)])}


def _run(environment: dict[str, str], *arguments: str, folder: Path) -> str:
    process = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_rows_of_the_plugin_are_read_through_the_registry(
    environment: dict[str, str], tmp_path: Path
) -> None:
    found = json.loads(_run(environment, "-c", _READ, str(tmp_path), folder=tmp_path))
    assert "toy-arena" in found["names"]
    assert found["heights"] == {"annotators": 2, "prompts": 3, "responses": 6, "judgments": 3}
    assert found["rejected"] == 0
    assert found["outcomes"] == ["chosen", "tie", "both_bad"]
    assert found["rebuilt"] == found["example"]


def test_without_the_plugin_its_name_is_unknown(tmp_path: Path) -> None:
    ask = "from prefdata import registry; print('toy-arena' in registry.names('source'))"
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    assert _run(environment, "-c", ask, folder=tmp_path).strip() == "False"


def test_the_command_line_lists_the_plugin(environment: dict[str, str], tmp_path: Path) -> None:
    listed = _run(environment, "-m", "prefdata", "source", "list", folder=tmp_path)
    assert "toy-arena" in listed


def test_rows_of_the_plugin_reach_the_catalog_and_sql(
    environment: dict[str, str], tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    _run(environment, "-c", _READ, str(raw), folder=tmp_path)
    _run(environment, "-m", "prefdata", "init", "w", folder=tmp_path)
    ingest = ["-m", "prefdata", "ingest", "toy-arena", "--from", "raw", "-w", "w"]
    assert "3 raw rows = 3 kept + 0 in quarantine" in _run(environment, *ingest, folder=tmp_path)
    query = "SELECT source, count(*) AS n FROM responses GROUP BY source"
    rows = ["-m", "prefdata", "sql", query, "-w", "w", "-o", "jsonl"]
    assert json.loads(_run(environment, *rows, folder=tmp_path)) == {"source": "toy-arena", "n": 6}
