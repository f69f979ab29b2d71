"""Commands run in forks, are killed before a step, get another clock; what is half is told."""

from __future__ import annotations

import importlib
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.catalog import Catalog
from prefdata.testing._disturb.steps import turn_clock
from prefdata.testing.disturb import Commands, Outcome, content, flip, kill_points, what_is_half

if TYPE_CHECKING:
    from pathlib import Path


def test_a_command_that_is_killed_before_a_step_has_done_those_before(tmp_path: Path) -> None:
    place = tmp_path / "w"
    with Commands(modules=()) as commands:
        wrong = commands.run("tables", "-w", tmp_path / "nowhere")
        assert (wrong.status, wrong.is_killed) == (2, False)
        assert "error[workspace]" in wrong.errors
        storm = commands.run("init", place, kill_at=2)
        assert (storm.is_killed, storm.steps) == (True, 2)
        late = commands.run("init", tmp_path / "late", kill_after=0.0)
        assert late.is_killed
        calm = commands.run("init", place)
        assert calm.status == 0
        assert calm.steps > 2
        with pytest.raises(TimeoutError, match="init"):
            commands.run("init", tmp_path / "late", patience=0.0)
    assert what_is_half(place) == ()
    assert content(place)["tables"] == {}


def test_points_are_drawn_over_all_steps_and_all_the_time() -> None:
    calm = Outcome(0, "", "", steps=100, seconds=2.0)
    points = kill_points(random.Random(0), 9, calm)  # noqa: S311 - points of a test
    steps = [point["kill_at"] for point in points if "kill_at" in point]
    assert [step // 20 for step in steps] == [0, 1, 2, 3, 4]
    assert all(0 <= point["kill_after"] <= 2 for point in points if "kill_after" in point)
    assert points == kill_points(random.Random(0), 9, calm)  # noqa: S311 - as above


def test_what_is_half_is_told(tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    Catalog.create(workspace)
    export = workspace / "exports" / "mine"
    export.mkdir(parents=True)
    (workspace / "exports" / ".mine.part-1").mkdir()
    assert what_is_half(workspace) == (f"{export} has no mark",)
    (export / ".prefdata-export").write_text("written by prefdata: x\na.jsonl\n")
    assert "other files than its mark: ['a.jsonl']" in what_is_half(workspace)[0]
    (export / "a.jsonl").touch()
    assert what_is_half(workspace) == ()
    assert list(content(workspace)["exports"]) == ["mine/.prefdata-export", "mine/a.jsonl"]
    assert "was left" in what_is_half(workspace, is_tidy=True)[0]


def test_a_flipped_bit_leaves_the_time_of_change(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    before = path.stat().st_mtime_ns
    flip(path, 4, mask=0x03)
    assert path.read_bytes() == b"aac"
    assert path.stat().st_mtime_ns == before


def test_a_clock_is_turned_and_turned_back(monkeypatch: pytest.MonkeyPatch) -> None:
    store: Any = importlib.import_module("prefdata.catalog.store")
    for name in ("time", "time_ns"):
        monkeypatch.setattr(time, name, getattr(time, name))
    monkeypatch.setattr(store, "datetime", store.datetime)
    true = time.time()
    try:
        turn_clock(-86400)
        assert time.time() == pytest.approx(true - 86400, abs=60)
        assert time.time_ns() == pytest.approx((true - 86400) * 1e9, abs=60e9)
        now = store.datetime.now(store.UTC)
        assert now.timestamp() == pytest.approx(true - 86400, abs=60)
        assert isinstance(now, store.datetime)
        assert store.datetime.fromtimestamp(0, store.UTC).year == 1970
        assert store.datetime(2020, 1, 1, tzinfo=store.UTC).year == 2020
        assert store.datetime.utcnow().tzinfo is None
    finally:
        turn_clock(0)
    assert time.time() == pytest.approx(true, abs=60)
