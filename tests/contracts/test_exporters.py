"""Every format says what it loses, writes the same bytes for the same pairs, and is read back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from prefdata.protocols import MORE_COLUMNS
from prefdata.registry import names, plugin
from prefdata.tables.messages import MESSAGES
from prefdata.testing.trainers import Case, assert_reads_back, cases

if TYPE_CHECKING:
    from prefdata.protocols import Exporter, Params

__all__: list[str] = []

_PLAIN = {"arrow", "jsonl", "parquet"}
"""Formats that hold all columns as they are, and so lose nothing."""
_CASES = cases()
_SETTINGS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in names("exporter")),
    *((case.exporter, dict(case.params)) for case in _CASES if case.params),
]
_TEXT: dict[str, pl.DataType] = dict.fromkeys(
    (
        *("pair_id", "source", "subset", "prompt_id", "margin_unit", "strength", "aspect"),
        *("annotator_id", "chosen_model", "rejected_model", "language", "split", *MORE_COLUMNS),
    ),
    pl.String(),
)
_COLUMNS: dict[str, Any] = {
    **_TEXT,
    "prompt": MESSAGES,
    "chosen": MESSAGES,
    "rejected": MESSAGES,
    "margin": pl.Float64(),
    "n_votes": pl.Int32(),
    "chosen_score": pl.Float64(),
    "rejected_score": pl.Float64(),
}
_TOLD: dict[str, Any] = {
    **dict.fromkeys(("rationale_id", "kind", "origin", "scope", "status", "text", "language")),
    **dict.fromkeys(("about", "preferred", "verdict", "aspect", "generator")),
    "text": "X says why; Y does not.",
    "kind": "specific",
    "origin": "given",
    "about": "both",
    "rationale_id": "r",
    "scope": "pair",
    "status": "ok",
    "preferred": "x",
    "aspects": ["overall"],
    "attempt": 1,
    "is_passed": True,
    "is_kept": True,
    "failed": ["no"],
}

_NASTY = (
    'Say "so"\\n\tand {braces} %s',
    "lines\u2028and\u0085more\r\nof them",
    " blanks around \n",
    "\x1c",
    "user",
    "<|im_end|>",
    "Human: q\n\nAssistant: a",
    "null",
    "- a: b # c",
    "漢字 é 🙂",
    "long " * 200,
)
_words = st.sampled_from(_NASTY) | st.text(st.characters(codec="utf-8"), max_size=8)


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


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return pairs of these texts, with plain values for the rest."""
    whole = [
        {
            "pair_id": f"{number:032x}",
            "source": "toy",
            "prompt_id": f"{number % 5:032x}",
            "aspect": "overall",
            "chosen_id": f"a{number}",
            "rejected_id": f"b{number}",
            **row,
        }
        for number, row in enumerate(rows)
    ]
    filled = [{name: row.get(name) for name in _COLUMNS} for row in whole]
    return pl.DataFrame(filled, schema=_COLUMNS, orient="row")


def _for(exporter: Exporter, frame: pl.DataFrame) -> pl.DataFrame:
    """Return what an export gives this exporter."""
    given = frame.drop([name for name in MORE_COLUMNS if name not in exporter.more])
    if exporter.rationales != "needed":
        return given
    told = pl.Series("rationales", [[_TOLD]] * frame.height, dtype=pl.Series([[_TOLD]]).dtype)
    return given.with_columns(told)


def _fitting(exporter: Exporter, params: Params, frame: pl.DataFrame) -> pl.DataFrame:
    pairs = _for(exporter, frame)
    if exporter.unfit is None:
        return pairs
    return pairs.filter(exporter.unfit(pairs, params).is_null())


def _content(paths: list[Path], folder: Path) -> dict[str, bytes]:
    assert paths == sorted(paths)
    assert {path for path in folder.rglob("*") if path.is_file()} == set(paths)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Pairs that most formats can hold, in two splits and without one."""
    talks = [["user"], ["system", "user"], ["user", "assistant", "user"], ["user", "user"]]
    rows = [
        {
            "prompt": _say(talks[number % 4], [f"q{number} {text}"] * 3),
            "chosen": _say(["assistant"], [f"{text} good"]),
            "rejected": _say(["assistant"], [f"{text} bad"]),
            "split": ("train", "test", "train", None)[number % 4],
            "margin": float(number % 3),
            "chosen_score": 3.0,
        }
        for number, text in enumerate(_NASTY)
    ]
    return _frame(rows)


@pytest.mark.parametrize("name", names("exporter"))
def test_a_format_says_what_it_loses(name: str) -> None:
    exporter = plugin("exporter", name)
    assert exporter.name == name
    assert exporter.summary
    assert bool(exporter.loses) != (name in _PLAIN)
    assert set(exporter.more) <= set(MORE_COLUMNS)
    for field in exporter.params.model_fields.values():
        assert field.description
        assert not field.is_required()


@pytest.mark.parametrize(("name", "settings"), _SETTINGS)
def test_the_bytes_depend_on_the_pairs_and_not_on_how_they_come(
    name: str, settings: dict[str, Any], frame: pl.DataFrame, tmp_path: Path
) -> None:
    exporter = plugin("exporter", name)
    params = exporter.params(**settings)
    pairs = _fitting(exporter, params, frame)
    assert pairs.height
    whole = _content(exporter.write(iter([pairs]), tmp_path / "a", params), tmp_path / "a")
    assert whole or exporter.rationales == "needed"
    pieces = exporter.write(pairs.iter_slices(3), tmp_path / "b", params)
    assert _content(pieces, tmp_path / "b") == whole


@pytest.mark.parametrize(("name", "settings"), _SETTINGS)
def test_no_pairs_are_no_error(name: str, settings: dict[str, Any], tmp_path: Path) -> None:
    exporter = plugin("exporter", name)
    params = exporter.params(**settings)
    none = _for(exporter, _frame([])).clear()
    if exporter.unfit is not None:
        assert exporter.unfit(none, params).is_empty()
    exporter.write(iter([none]), tmp_path / "a", params)
    exporter.write(iter([]), tmp_path / "b", params)


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case.exporter}-{case.variant}")
def test_a_trainer_reads_what_was_exported(case: Case, frame: pl.DataFrame, tmp_path: Path) -> None:
    exporter = plugin("exporter", case.exporter)
    assert assert_reads_back(case, _for(exporter, frame), tmp_path / "out")


def test_formats_of_pairs_have_readers() -> None:
    made_of_rationales = {
        name for name in names("exporter") if plugin("exporter", name).rationales == "needed"
    }
    unread = set(names("exporter")) - {case.exporter for case in _CASES}
    assert unread <= _PLAIN | made_of_rationales | {"published-pairs"}


@settings(max_examples=3, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(st.lists(_pair, min_size=1, max_size=8))
def test_whatever_was_said_what_fits_is_read_back(rows: list[dict[str, Any]]) -> None:
    frame = _frame(rows)
    for case in _CASES:
        with tempfile.TemporaryDirectory() as folder:
            given = _for(plugin("exporter", case.exporter), frame)
            assert_reads_back(case, given, Path(folder) / "out")
