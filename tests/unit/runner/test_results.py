"""Results are found again as long as their files are whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.catalog import Workspace
from prefdata.catalog.state import FileEntry
from prefdata.runner.results import StepResult, StepResults

if TYPE_CHECKING:
    from pathlib import Path


def test_a_result_reads_back_until_a_file_is_gone(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path)
    results = StepResults(workspace)
    entry = FileEntry("prompts/data/a/x.parquet", "x", 3, 5, 7)
    path = workspace.warehouse / entry.path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"12345")
    result = StepResult({("prompts", ("a",)): (entry,)}, 3, 2, 1, {"rule": 1}, ("note",))
    assert results.get("f") is None
    results.put("f", result)
    assert results.get("f") == result
    path.unlink()
    assert results.get("f") is None


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    results = StepResults(Workspace.create(tmp_path))
    results.put("f", StepResult({}, 0, 0, 0))
    (tmp_path / "cache" / "steps" / "f.json").write_text("{")
    assert results.get("f") is None


def test_a_record_or_a_file_of_another_shape_counts_as_none(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path)
    results = StepResults(workspace)
    entry = FileEntry("prompts/data/a/x.parquet", "x", 3, 5, 7)
    path = workspace.warehouse / entry.path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"123")
    results.put("f", StepResult({("prompts", ("a",)): (entry,)}, 3, 3, 0))
    assert results.get("f") is None, "the file is shorter than it was"
    for text in ("{}", "[]", "null", '{"outputs": [["prompts"]]}'):
        (tmp_path / "cache" / "steps" / "f.json").write_text(text)
        assert results.get("f") is None
