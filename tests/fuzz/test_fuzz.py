"""A short run over every target: what the long runs of `python -m tests.fuzz` hold against them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.fuzz.running import inputs
from tests.fuzz.targets import targets

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fuzz.targets import Target

__all__: list[str] = []

_ROOT = Path(__file__).parents[2]
_CHEAP, _DEAR = 12, 3
"""Examples in CI: reading files of an adapter costs a hundred times what a verdict does."""
_GUIDED = "verdict"


def _examples(name: str) -> int:
    if os.environ.get("HYPOTHESIS_PROFILE") == "thorough":
        return hypothesis.settings().max_examples
    return _DEAR if name.startswith(("source-", "sql-")) else _CHEAP


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Target], Callable[[bytes], None]]:
    def opening(target: Target) -> Callable[[bytes], None]:
        return target.open(tmp_path_factory.mktemp(target.name))

    return opening


@pytest.mark.parametrize("name", targets())
def test_a_target_keeps_its_promise(
    name: str, opened: Callable[[Target], Callable[[bytes], None]]
) -> None:
    target = targets()[name]
    run = opened(target)
    for seed in target.seeds[:2]:
        run(seed)

    @hypothesis.settings(
        max_examples=_examples(name),
        deadline=None,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(inputs(target))
    def feed(data: bytes) -> None:
        run(data)

    feed()


def test_every_adapter_and_every_annotation_tool_is_a_target() -> None:
    from prefdata.registry import names

    wanted = {f"source-{name}" for name in names("source")}
    wanted |= {f"handoff-{name}" for name in names("handoff")}
    assert wanted <= set(targets())


def test_a_run_that_is_guided_by_coverage_finds_nothing(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    command = [sys.executable, "-m", "tests.fuzz", _GUIDED, "--runs=200", "--minutes=1"]
    done = subprocess.run(
        [*command, f"--folder={tmp_path}"],
        cwd=_ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert re.search(r"Done 2\d\d runs", told), told
    assert not list((tmp_path / _GUIDED).glob("found/*")), told
