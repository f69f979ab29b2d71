"""Every format says what it loses, writes the same bytes for the same pairs, and is read back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from prefdata.registry import names, plugin
from prefdata.testing.exports import (
    AWKWARD,
    assert_exporter_contract,
    example_pairs,
    given_to,
    pairs_of,
)
from prefdata.testing.trainers import Case, assert_reads_back, cases

if TYPE_CHECKING:
    import polars as pl

__all__: list[str] = []

_PLAIN = {"arrow", "jsonl", "parquet"}
"""Formats that hold all columns as they are, and so lose nothing."""
_CASES = cases()
_SETTINGS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in names("exporter")),
    *((case.exporter, dict(case.params)) for case in _CASES if case.params),
]
_words = st.sampled_from(AWKWARD) | st.text(st.characters(codec="utf-8"), max_size=8)


def _say(roles: list[str], texts: list[str]) -> list[dict[str, str]]:
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]


_TALKS: tuple[list[str], ...] = (
    ["user"],
    ["system", "user"],
    ["user", "assistant", "user"],
    ["system", "user", "assistant", "user", "assistant", "user"],
    ["user", "user"],
    ["user", "assistant"],
    ["tool", "user"],
    [],
)
_ANSWERS: tuple[list[str], ...] = (
    ["assistant"],
    ["assistant"],
    ["assistant"],
    ["assistant", "user", "assistant"],
    [],
)
_talk = st.builds(_say, st.sampled_from(_TALKS), st.lists(_words, min_size=6, max_size=6))
_answer = st.builds(_say, st.sampled_from(_ANSWERS), st.lists(_words, min_size=3, max_size=3))
_pair = st.fixed_dictionaries(
    {
        "prompt": _talk,
        "chosen": _answer,
        "rejected": _answer,
        "split": st.sampled_from(("train", "test", None)),
        "margin": st.sampled_from((None, 0.5, 2.0)),
    }
)


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Pairs that most formats can hold, in two splits and without one."""
    return example_pairs()


@pytest.mark.parametrize("name", names("exporter"))
def test_a_format_says_what_it_loses(name: str) -> None:
    assert bool(plugin("exporter", name).loses) != (name in _PLAIN)


@pytest.mark.parametrize(("name", "settings"), _SETTINGS)
def test_an_exporter_keeps_the_contract(
    name: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    exporter = plugin("exporter", name)
    assert exporter.name == name
    assert_exporter_contract(exporter, tmp_path, exporter.params(**settings))


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case.exporter}-{case.variant}")
def test_a_trainer_reads_what_was_exported(case: Case, frame: pl.DataFrame, tmp_path: Path) -> None:
    exporter = plugin("exporter", case.exporter)
    assert assert_reads_back(case, given_to(exporter, frame), tmp_path / "out")


def test_formats_of_pairs_have_readers() -> None:
    made_of_rationales = {
        name for name in names("exporter") if plugin("exporter", name).rationales == "needed"
    }
    unread = set(names("exporter")) - {case.exporter for case in _CASES}
    assert unread <= _PLAIN | made_of_rationales | {"published-pairs"}


@settings(max_examples=3, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(st.lists(_pair, min_size=1, max_size=8))
def test_whatever_was_said_what_fits_is_read_back(rows: list[dict[str, Any]]) -> None:
    frame = pairs_of(rows)
    for case in _CASES:
        with tempfile.TemporaryDirectory() as folder:
            given = given_to(plugin("exporter", case.exporter), frame)
            assert_reads_back(case, given, Path(folder) / "out")
