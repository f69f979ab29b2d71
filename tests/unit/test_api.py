"""What users call from Python: the workspace is found, and every call does what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import prefdata as pf
from prefdata.core.errors import FetchError, RejectsError, UnknownNameError, WorkspaceError
from prefdata.recipes import load_recipe
from prefdata.registry import plugin

if TYPE_CHECKING:
    from prefdata.core.events import Event

__all__: list[str] = []


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the example rows of HH-RLHF as files."""
    folder = tmp_path_factory.mktemp("raw")
    for name, content in plugin("source", "hh-rlhf").example.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def workspace(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a workspace with the example rows of HH-RLHF."""
    root = tmp_path_factory.mktemp("workspace")
    pf.init(root)
    pf.ingest("hh-rlhf", raw, workspace=root)
    return root


def test_a_workspace_is_made_once_and_opened_then(tmp_path: Path) -> None:
    made = pf.init(tmp_path)
    assert made.head().number == 0
    assert pf.init(str(tmp_path)).head() == pf.open(tmp_path).head() == made.head()


def test_without_a_folder_the_workspace_is_that_of_the_variable(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFDATA_HOME", str(workspace))
    assert pf.open().workspace.root == workspace
    assert [step.source for step in pf.plan("clean")][:1] == ["hh-rlhf"]


def test_without_folder_and_variable_it_is_the_nearest_one_upwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFDATA_HOME")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    with pytest.raises(WorkspaceError):
        pf.open()
    pf.init(tmp_path)
    assert pf.open().workspace.root.samefile(tmp_path)


def test_an_ingest_accounts_for_its_rows_and_is_known_then(raw: Path, tmp_path: Path) -> None:
    pf.init(tmp_path)
    events: list[Event] = []
    done = pf.ingest("hh-rlhf", raw, workspace=tmp_path, report=events.append)
    assert (done.rows_in, done.rows_out, done.rejected, done.is_cached) == (21, 21, 0, False)
    assert done.tables["judgments"] == 21
    assert events
    again = pf.ingest("hh-rlhf", str(raw), workspace=str(tmp_path))
    assert again.is_cached
    assert again.snapshot.name == done.snapshot.name
    assert not pf.ingest("hh-rlhf", raw, workspace=tmp_path, is_forced=True).is_cached


def test_an_unknown_source_is_told_before_anything_is_fetched(
    workspace: Path, tmp_path: Path
) -> None:
    for origin in (None, tmp_path / "nothing-there"):
        with pytest.raises(UnknownNameError, match="no source named 'hh-rlfh'"):
            pf.ingest("hh-rlfh", origin, workspace=workspace)


@pytest.mark.parametrize("name", ["PREFDATA_OFFLINE", "HF_HUB_OFFLINE", None])
def test_offline_is_an_argument_or_a_variable_and_the_error_says_which(
    name: str | None, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in ("PREFDATA_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(other, raising=False)
    if name:
        monkeypatch.setenv(name, "1")
    with pytest.raises(FetchError) as refused:
        pf.ingest("hh-rlhf", workspace=workspace, is_offline=name is None)
    assert (f"{name}=1 is set" if name else "--offline was given") in refused.value.what
    assert "harmless-base/test.jsonl.gz" in str(refused.value.fix)


def test_a_recipe_is_a_name_a_file_or_an_object(workspace: Path) -> None:
    recipe = load_recipe("clean", overrides=["seed=3"])
    named = pf.plan("clean", workspace=workspace, overrides=["seed=3"])
    assert named == pf.plan(recipe, workspace=workspace)
    file = Path(__file__).parents[2] / "pipelines" / "clean.yaml"
    assert pf.plan(file, workspace=workspace) == pf.plan("clean", workspace=workspace)


def test_a_run_is_done_exported_and_validated(workspace: Path, tmp_path: Path) -> None:
    done = pf.run("clean", workspace=workspace)
    assert {step.step for step in done.steps} >= {"make-pairs", "select-pairs"}
    assert {step.status for step in pf.plan("clean", workspace=workspace)} == {"cached"}
    with pytest.raises(RejectsError):
        pf.run("clean", workspace=workspace, max_rejects=0.0, is_forced=True)
    written = pf.export(
        "trl",
        tmp_path / "out",
        workspace=workspace,
        decisions="select-pairs",
        splits="split-by-prompt",
        sources=["hh-rlhf"],
        params={"file": "jsonl"},
    )
    assert written.rows == 10
    assert {path.name for path in written.folder.iterdir()} >= set(written.digests)
    pytest.importorskip("great_expectations")
    held = pf.validate(workspace=workspace, tables=["pairs"], docs=tmp_path / "docs")
    assert held.n_checks > 0
    assert not [check for check in held.results if check.is_passed is False]
