"""Data coming in: what was read, what was refused, and where it came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import prefdata as pf

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.unit.cli.conftest import Run

__all__: list[str] = []


def test_a_workspace_is_made_here_by_default(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("init") == (f"workspace {tmp_path}\n", "", 0)
    assert (tmp_path / "prefdata.toml").is_file()


def test_rejected_rows_are_counted_by_rule_with_the_query_that_shows_them(
    run: Run, tmp_path: Path
) -> None:
    rows = [
        {"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c"},
        {"chosen": 1, "rejected": "\n\nHuman: a\n\nAssistant: c"},
    ]
    raw = tmp_path / "raw" / "helpful-base"
    raw.mkdir(parents=True)
    (raw / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    workspace = tmp_path / "workspace"
    pf.init(workspace)
    args = ("ingest", "hh-rlhf", "--from", raw.parent, "-w", workspace)
    refused = run(*args, "--max-rejects", "0.1")
    assert (refused.status, refused.stdout) == (3, "")
    assert "error[rejects]: " in refused.stderr
    told = run(*args)
    assert told.status == 0
    assert "2 raw rows = 1 kept + 1 in quarantine" in told.stdout
    assert """see them: prefdata sql "FROM rejects WHERE source = 'hh-rlhf'\"""" in told.stdout


def test_what_is_known_already_is_not_read_again_unless_forced(
    run: Run, raw: Path, workspace: Path
) -> None:
    args = ("ingest", "hh-rlhf", "--from", raw, "-w", workspace)
    assert "cached" in run(*args).stderr
    assert "cached" not in run(*args, "--force").stderr


def test_the_parameters_of_an_adapter_are_set_by_name(run: Run, tmp_path: Path) -> None:
    pf.init(tmp_path)
    told = run("ingest", "trl", "--from", tmp_path, "-w", tmp_path, "--set", "nope=1")
    assert (told.status, told.stdout) == (2, "")
    assert "parameters of the source 'trl'" in told.stderr


def test_a_source_without_a_card_is_refused(run: Run) -> None:
    told = run("source", "show", "hh-rlfh")
    assert (told.status, told.stdout) == (2, "")
    assert "Did you mean 'hh-rlhf'?" in told.stderr


def test_a_source_is_shown_with_every_part_of_its_card(run: Run) -> None:
    told = run("source", "show", "multipref")
    assert told.status == 0
    for part in ("title: ", "\nhub\n", "\nfiles\n", "\nlicenses\n", "\nterms\n- "):
        assert part in told.stdout


def test_the_raw_rows_are_counted_by_file(run: Run, workspace: Path, tmp_path: Path) -> None:
    told = run("source", "rebuild", "hh-rlhf", "--to", tmp_path, "-w", workspace)
    assert told.status == 0
    assert "harmless-base/test.jsonl" in told.stdout
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 3
