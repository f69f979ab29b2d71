"""An export says what it wrote, what it left out, and what the format cannot hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run

__all__: list[str] = []


def test_an_export_tells_what_the_format_cannot_hold(
    run: Run, workspace: Path, tmp_path: Path
) -> None:
    args = ("--as", "trl", "--decisions", "select-pairs", "--splits", "split-by-prompt")
    told = run("export", tmp_path / "out", *args, "-w", workspace)
    assert (told.status, told.stderr) == (0, "")
    assert "10 pairs as trl" in told.stdout
    assert "\n  not in this format: " in told.stdout
    assert (tmp_path / "out" / "train.parquet").is_file()


def test_an_export_spares_files_of_others(run: Run, workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    told = run("export", tmp_path, "--as", "jsonl", "-w", workspace)
    assert (told.status, told.stdout) == (2, "")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_unknown_exporter_is_refused(run: Run, workspace: Path, tmp_path: Path) -> None:
    told = run("export", tmp_path / "out", "--as", "trll", "-w", workspace)
    assert told.status == 2
    assert "Did you mean 'trl'?" in told.stderr


def test_pairs_that_a_format_cannot_hold_are_counted_by_reason(
    run: Run, workspace: Path, tmp_path: Path
) -> None:
    told = run("export", tmp_path / "out", "--as", "openrlhf", "-w", workspace)
    assert told.status == 0
    (line,) = [line for line in told.stdout.splitlines() if line.startswith("  left out ")]
    plain = run("export", tmp_path / "p", "--as", "openrlhf", "-w", workspace, "--json")
    said = json.loads(plain.stdout)
    assert said["selected"] == said["rows"] + sum(said["left_out"].values())
    n_out = sum(said["left_out"].values())
    assert f"left out {n_out:,} of {said['selected']:,}: " in line
    assert all(f"{reason} {n:,}" in line for reason, n in said["left_out"].items())


def test_or_the_export_fails_and_names_the_first(run: Run, workspace: Path, tmp_path: Path) -> None:
    told = run("export", tmp_path / "out", "--as", "openrlhf", "--unfit", "fail", "-w", workspace)
    assert told.status == 3
    assert "openrlhf cannot hold the pair" in told.stderr
    assert not (tmp_path / "out").exists()


def test_texts_are_scrubbed_when_asked(run: Run, workspace: Path, tmp_path: Path) -> None:
    told = run("export", tmp_path / "out", "--as", "jsonl", "--scrub", "-w", workspace)
    assert told.status == 0
    assert "@" not in (tmp_path / "out" / "train.jsonl").read_text(encoding="utf-8")


def test_what_an_audit_needs_must_be_given(run: Run, workspace: Path, tmp_path: Path) -> None:
    for option in (["--drop"], ["--max-length", "5"], ["--truncation", "keep-end"]):
        told = run("export", tmp_path / "out", "--as", "trl", *option, "-w", workspace)
        assert told.status == 2
        assert f"{option[0]} needs --tokenizer" in told.stderr


def test_an_export_tells_what_it_was_not_asked_to_heed(
    run: Run, workspace: Path, tmp_path: Path
) -> None:
    args = ("export", tmp_path / "out", "--as", "jsonl", "-w", workspace)
    asked = ("--decisions", "select-pairs")
    told = run(*args).stdout
    assert "\n  not heeded: decisions of select-pairs; --decisions names a step\n" in told
    assert "\n  not heeded: splits of split-by-prompt; " in told
    told = run(*args, *asked, "--splits", "split-by-prompt").stdout
    assert "not heeded" not in told


def test_no_pair_is_no_file_and_says_so(run: Run, workspace: Path, tmp_path: Path) -> None:
    query = "SELECT 'pairs' AS subject, pair_id AS id FROM pairs"
    made = run("sql", query, "-o", "csv", "--to", tmp_path / "all.csv", "-w", workspace)
    assert made.status == 0
    args = ("--as", "jsonl", "--removals", tmp_path / "all.csv", "-w", workspace)
    told = run("export", tmp_path / "out", *args).stdout
    assert told.startswith("0 pairs as jsonl")
    assert "no file is written: every pair is left out" in told


def test_without_pairs_it_says_how_to_make_them(run: Run, tmp_path: Path) -> None:
    assert run("init", tmp_path / "new").status == 0
    told = run("export", tmp_path / "out", "--as", "jsonl", "-w", tmp_path / "new")
    assert told.status == 2
    assert "No step has made pairs yet." in told.stderr
    assert "prefdata run clean" in told.stderr


def test_formats_can_be_listed_and_shown(run: Run) -> None:
    assert "openrlhf" in run("exporter", "list").stdout
    told = run("exporter", "show", "published-pairs").stdout
    assert "not in this format: " in told
    assert "chosen_license: " in told
