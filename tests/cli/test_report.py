"""The command of reports through the real entry point: output, messages, exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import prefdata as pf
from prefdata.registry import plugin
from prefdata.testing.scores import put_scores

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _run(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "prefdata", "report", *map(str, args)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a workspace with the example rows of HH-RLHF, their pairs, and scores of these."""
    folder = tmp_path_factory.mktemp("cli-report")
    for name, content in plugin("source", "hh-rlhf").example.items():
        (folder / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "raw" / name).write_bytes(content)
    root = folder / "w"
    catalog = pf.init(root)
    pf.ingest("hh-rlhf", folder / "raw", workspace=root)
    catalog.tag("raw")
    pf.run("clean", workspace=root)
    put_scores(catalog)
    return root


def test_a_report_tells_counts_and_where_its_files_are(workspace: Path, tmp_path: Path) -> None:
    done = _run("displacement", "--to", tmp_path / "out", "-w", workspace, "--set", "k=2")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("displacement: ")
    assert lines[0].endswith(" pairs scored under models/toy")
    assert str(tmp_path / "out" / "index.html") in lines
    for line in lines:
        assert len(line) <= 80 or line.startswith(str(tmp_path))
    assert "Likelihood displacement" in (tmp_path / "out" / "index.html").read_text()


def test_a_report_tells_its_digests_as_json_and_lies_in_the_workspace(workspace: Path) -> None:
    done = _run("displacement", "-w", workspace, "--json", "--source", "hh-rlhf")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["folder"] == str(workspace / "reports" / "displacement")
    assert told["rows"] == pf.open(workspace).scan("scores").collect().height
    assert {"index.html", "numbers.json"} <= set(told["digests"])


def test_reports_and_their_parameters_are_listed() -> None:
    listed = _run("--list", "--json")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "displacement" in {json.loads(line)["report"] for line in listed.stdout.splitlines()}
    shown = _run("displacement", "--list", "--json")
    parameters = {json.loads(line)["parameter"] for line in shown.stdout.splitlines()}
    assert {"scores_from", "filter_from", "k", "refusals"} <= parameters
    assert "scores_from" in _run("displacement", "--list").stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "A report needs a name"),
        (("displacemnt",), "Did you mean 'displacement'?"),
        (("displacement", "--set", "kk=3"), "Did you mean 'k'?"),
        (("displacement", "--set", "scores_from=score-chess"), "Did you mean 'score-ches'?"),
        (("displacement", "--source", "prism"), "no source in the catalog named 'prism'"),
        (("displacement", "--at", "nothing-there"), "no snapshot named 'nothing-there'"),
        (("displacement", "--at", "raw"), "no step named 'score-ches'"),
    ],
)
def test_a_wrong_command_is_answered_with_what_to_do(
    workspace: Path, tmp_path: Path, args: tuple[str, ...], says: str
) -> None:
    done = _run(*args, "--to", tmp_path / "out", "-w", workspace)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_run_tells_where_its_reports_are(workspace: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "reported.yaml"
    recipe.write_text(
        "name: reported\nsteps: [make-pairs]\n"
        "reports:\n  - {of: displacement, to: reports/mine, params: {k: 1}}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "prefdata", "run", str(recipe), "-w", str(workspace)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    place = workspace / "reports" / "mine"
    assert f"report displacement in {place}\n" in done.stdout
    assert "report:reports/mine" in done.stderr
    assert (place / "index.html").is_file()


def test_files_of_others_are_spared(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = _run("displacement", "--to", tmp_path, "-w", workspace)
    assert (done.returncode, done.stdout) == (2, "")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
