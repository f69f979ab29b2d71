"""Engines are opened by their name, which may be wrong."""

from __future__ import annotations

import pytest

from prefdata.core.errors import MissingExtraError, UnknownNameError, UserError
from prefdata.protocols import LOCAL
from prefdata.registry import names
from prefdata.runner.engines import open_engine

__all__: list[str] = []


def test_the_engine_of_this_process_is_used_where_none_is_named() -> None:
    with open_engine() as engine:
        assert engine is LOCAL
    assert names("engine") == ("local", "ray")


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'ray'\? Known: local, ray"):
        open_engine("rai", where="--engine")


def test_no_workers_are_refused() -> None:
    with pytest.raises(UserError, match="0 workers"):
        open_engine("ray", workers=0)


def test_a_missing_library_is_told_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"prefdata\[ray\]"), open_engine("ray"):
        raise AssertionError
