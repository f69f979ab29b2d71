"""The demo tells the whole story, and removes only what an earlier demo made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.cli._story import tell
from prefdata.core.errors import WorkspaceError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run

__all__: list[str] = []


def test_a_folder_with_files_of_others_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(WorkspaceError) as refused:
        tell(tmp_path)
    assert refused.value.where == str(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_demo_tells_the_whole_story_once(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / ".prefdata-demo").touch()
    (folder / "of-an-earlier-demo").touch()
    told = run("demo", folder)
    assert (told.status, told.stderr) == (0, "")
    assert not (folder / "of-an-earlier-demo").exists()
    headings = (
        "1. A world",
        "2. Ingest",
        "3.1 SQL",
        "3.2 SQL",
        "3.3 SQL",
        "4. Clean",
        "5. Why",
        "6. Where",
    )
    places = [told.stdout.find(f"\n{heading}") for heading in headings]
    assert -1 not in places
    assert places == sorted(places)
    for command in ("synth", "ingest hh-rlhf", "ingest prism", "sql", "run clean", "why"):
        assert f"$ prefdata {command}" in told.stdout
    exports = folder / "workspace" / "exports" / "clean-trl"
    assert f"export     {exports / 'train.jsonl'}" in told.stdout
    assert pl.read_parquet(exports / "train.parquet").height > 0
