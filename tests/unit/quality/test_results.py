from __future__ import annotations

from pathlib import Path

import pytest

from prefdata.quality import CheckResult, Validation

__all__: list[str] = []


def _result(table: str, *, is_passed: bool | None) -> CheckResult:
    return CheckResult(table, None, "x is not null", "not-null:x", is_passed)


@pytest.mark.parametrize(
    ("is_passed", "status"), [(True, "passed"), (False, "failed"), (None, "skipped")]
)
def test_a_result_tells_its_status(is_passed: bool | None, status: str) -> None:
    assert _result("prompts", is_passed=is_passed).as_row()["status"] == status


def test_a_validation_with_skipped_checks_passes_and_counts_them_apart() -> None:
    results = [_result("prompts", is_passed=True), _result("prompts", is_passed=None)]
    validation = Validation(results, 0.1, Path("index.html"), {"prompts": 3})
    assert validation.is_passed
    assert (validation.n_checks, validation.n_failed, validation.n_skipped) == (1, 0, 1)


def test_one_failed_check_fails_the_validation() -> None:
    results = [_result("prompts", is_passed=True), _result("pairs", is_passed=False)]
    assert not Validation(results, 0.1, Path("index.html")).is_passed


def test_the_table_of_tables_accounts_for_every_check_and_names_empty_tables() -> None:
    results = [
        _result("prompts", is_passed=True),
        _result("prompts", is_passed=False),
        _result("pairs", is_passed=None),
    ]
    rows = Validation(results, 0.1, Path("index.html"), {"flags": 0, "prompts": 3}).by_table()
    assert [row["table"] for row in rows] == ["flags", "prompts", "pairs"]
    assert sum(row["checks"] + row["skipped"] for row in rows) == len(results)
    assert rows[0] == {
        "table": "flags",
        "rows": 0,
        "checks": 0,
        "passed": 0,
        "failed": 0,
        "skipped": 0,
    }
