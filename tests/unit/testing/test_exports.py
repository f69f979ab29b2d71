"""The contract of exporters lets a faithful one through, and names what another does wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from pydantic import Field

from prefdata.protocols import Exporter, NoParams, Params, exporter
from prefdata.testing.exports import assert_exporter_contract, example_pairs, given_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def _many_turns(pairs: pl.DataFrame, params: Any) -> pl.Series:
    del params
    long = pl.col("prompt").list.len() > 1
    return pairs.select(reason=pl.when(long).then(pl.lit("several-turns"))).to_series()


@exporter(version=1, params=NoParams, loses=("who preferred it",), unfit=_many_turns)
def ids(frames: Iterator[pl.DataFrame], out: Path, params: NoParams) -> list[Path]:
    """Write the ids of pairs, one on a line."""
    del params
    lines = [name for frame in frames for name in frame["pair_id"]]
    path = out / "ids.txt"
    path.write_text("\n".join(lines))
    return [path]


class _Silent(Params):
    words: int = 3


class _Demanding(Params):
    words: int = Field(description="How many.")


def _says_nothing(pairs: pl.DataFrame, params: Any) -> pl.Series:
    return _many_turns(pairs, params).head(1)


def _says_yes(pairs: pl.DataFrame, params: Any) -> pl.Series:
    return _many_turns(pairs, params).is_null()


def _refuses_all(pairs: pl.DataFrame, params: Any) -> pl.Series:
    return _many_turns(pairs, params).fill_null("bad")


def _by_frame(frames: Iterator[pl.DataFrame], out: Path, params: Any) -> list[Path]:
    del params
    path = out / "ids.txt"
    path.write_text("\n\n".join(" ".join(frame["pair_id"]) for frame in frames))
    return [path]


def _leaves_a_file(frames: Iterator[pl.DataFrame], out: Path, params: Any) -> list[Path]:
    (out / "other.txt").touch()
    return ids.write(frames, out, params)


def _twice(frames: Iterator[pl.DataFrame], out: Path, params: Any) -> list[Path]:
    return [*ids.write(frames, out, params)] * 2


def _nothing(frames: Iterator[pl.DataFrame], out: Path, params: Any) -> list[Path]:
    del frames, out, params
    return []


def test_a_faithful_exporter_passes(tmp_path: Path) -> None:
    assert_exporter_contract(ids, tmp_path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda: replace(ids, name="My Format"), "name 'My Format'"),
        (lambda: replace(ids, summary=""), "no docstring"),
        (lambda: replace(ids, more=("planet",)), "columns that there are not: .'planet'"),
        (lambda: replace(ids, params=_Silent), "words is not explained"),
        (lambda: replace(ids, unfit=_says_nothing), "does not answer for each pair"),
        (lambda: replace(ids, unfit=_says_yes), "answers with Boolean"),
        (lambda: replace(ids, unfit=_refuses_all), "holds none of"),
        (lambda: replace(ids, write=_by_frame), "at a time give other files"),
        (lambda: replace(ids, write=_leaves_a_file), r"other files than it names: .*other\.txt"),
        (lambda: replace(ids, write=_twice), "not named once each"),
        (lambda: replace(ids, write=_nothing), "no file came out"),
    ],
)
def test_what_breaks_a_promise_is_named(
    change: Callable[[], Exporter], why: str, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=why):
        assert_exporter_contract(change(), tmp_path)


def test_a_parameter_needs_a_default(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="words has no default"):
        assert_exporter_contract(replace(ids, params=_Demanding), tmp_path, _Demanding(words=1))


def test_an_exporter_is_given_the_columns_that_it_asks_for() -> None:
    pairs = example_pairs()
    assert "rule" not in given_to(ids, pairs).columns
    assert "rule" in given_to(replace(ids, more=("rule",)), pairs).columns
    told = given_to(replace(ids, rationales="needed"), pairs)
    assert told["rationales"].list.len().to_list() == [1] * pairs.height
