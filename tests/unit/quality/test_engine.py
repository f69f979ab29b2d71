from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from prefdata.core.errors import InternalError, MissingExtraError
from prefdata.quality.checks import Check
from prefdata.quality.engine import Suite, run_suites

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _check(rule: str, column: str) -> Check:
    return Check(rule, "x is not null", "Because.", "not-null", {column: ""}, "")


def test_each_rule_has_an_outcome_and_each_suite_a_page(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.0, None], "y": [1, 2]})
    suite = Suite("toy", [_check("one", "x"), _check("two", "y")], lambda: frame)
    outcomes = run_suites([suite], site=tmp_path, run_name="test")
    assert {rule: o.is_passed for (_, rule), o in outcomes.items()} == {"one": False, "two": True}
    assert (outcomes["toy", "one"].n_unexpected, outcomes["toy", "one"].n_rows) == (1, 2)
    assert list((tmp_path / "validations" / "toy").rglob("*.html"))


def test_an_expectation_that_cannot_be_evaluated_is_not_a_failure_of_the_data(
    tmp_path: Path,
) -> None:
    suite = Suite("toy", [_check("one", "absent")], lambda: pd.DataFrame({"x": [1]}))
    with pytest.raises(InternalError, match="one"):
        run_suites([suite], site=tmp_path, run_name="test")


def test_without_great_expectations_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "great_expectations", None)
    with pytest.raises(MissingExtraError) as caught:
        run_suites([], site=tmp_path, run_name="test")
    assert caught.value.fix == "pip install 'prefdata[quality]'"
