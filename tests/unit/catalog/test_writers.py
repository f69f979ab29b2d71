"""As long as a writer is at work, nobody may remove what it may be about to commit."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from prefdata.catalog import Catalog
from prefdata.catalog.writers import Presence, nobody_writes

if TYPE_CHECKING:
    from pathlib import Path


def test_writers_share_and_who_removes_is_alone(tmp_path: Path) -> None:
    workspace = Catalog.create(tmp_path / "w").workspace
    one, other = Presence(workspace), Presence(workspace)
    with nobody_writes(workspace) as is_quiet:
        assert is_quiet
    one.begin()
    other.begin()
    one.end()
    with nobody_writes(workspace) as is_quiet:
        assert not is_quiet
    other.end()
    other.end()
    with nobody_writes(workspace) as is_quiet:
        assert is_quiet


def test_where_nothing_can_be_written_nothing_is_removed(tmp_path: Path) -> None:
    workspace = Catalog.create(tmp_path / "w").workspace
    shutil.rmtree(workspace.scratch, ignore_errors=True)
    workspace.scratch.write_text("in the way")
    Presence(workspace).begin()
    with nobody_writes(workspace) as is_quiet:
        assert not is_quiet
