"""Health: what fails its contract or lost a file is shown, and is an exit status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import prefdata as pf

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.unit.cli.conftest import Run

__all__: list[str] = []


class _Check:
    """One failed check, as the validation hands it over."""

    is_passed = False

    def as_row(self) -> dict[str, Any]:
        names = ("table", "source", "rule", "observed", "examples", "where")
        return {**dict.fromkeys(names, "x"), "table": "pairs", "rule": "margin_is_positive"}


class _Validation:
    """A validation with one failure."""

    results = (_Check(),)
    n_checks, n_skipped, seconds, docs = 7, 1, 0.5, "/pages/index.html"

    def by_table(self) -> list[dict[str, Any]]:
        return [{"table": "pairs", "checks": 7, "failed": 1}]


def test_a_failed_check_is_shown_and_is_the_fault_of_the_data(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pf, "validate", lambda **_: _Validation(), raising=False)
    shown = run("validate")
    assert shown.status == 3
    assert "margin_is_positive" in shown.stdout
    assert "7 checks, 1 failed, 1 skipped, 0.5 s\npages: /pages/index.html\n" in shown.stdout
    assert shown.stderr.startswith("error[validation]: 1 of 7 checks failed.\n  where: pairs\n")
    told = run("validate", "--json")
    assert told.status == 3
    assert json.loads(told.stdout)["failed"] == 1


def test_a_lost_file_is_named(run: Run, raw: Path, tmp_path: Path) -> None:
    pf.init(tmp_path)
    pf.ingest("hh-rlhf", raw, workspace=tmp_path)
    assert run("verify", "-w", tmp_path).status == 0
    lost = pf.open(tmp_path).files("judgments")[0]
    lost.unlink()
    found = run("verify", "-w", tmp_path)
    assert found.status not in {0, 1}
    assert "\n- " in found.stdout
    assert lost.name in found.stdout
    assert found.stderr.startswith("error[")


def test_orphans_are_removed_when_asked(run: Run, tmp_path: Path) -> None:
    pf.init(tmp_path)
    orphan = tmp_path / "warehouse" / "pairs" / "orphan.parquet"
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_bytes(b"x")
    (seen,) = map(json.loads, run("verify", "-w", tmp_path, "--json").stdout.splitlines())
    assert (seen["orphans"], seen["removed"], orphan.exists()) == (1, 0, True)
    args = ("verify", "-w", tmp_path, "--clean", "--older-than-hours", "0", "--json")
    (cleaned,) = map(json.loads, run(*args).stdout.splitlines())
    assert (cleaned["removed"], orphan.exists()) == (1, False)


def test_the_doctor_needs_no_workspace(run: Run, tmp_path: Path) -> None:
    told = run("doctor", "-w", tmp_path)
    assert (told.status, told.stderr) == (0, "")
    assert "workspace" in told.stdout
