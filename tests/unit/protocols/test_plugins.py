"""A plugin is a decorated function; its name and summary are the function's."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import polars as pl
import pytest

from prefdata import registry
from prefdata.core.events import silent
from prefdata.protocols import (
    Context,
    Kind,
    NoParams,
    Params,
    StageResult,
    exporter,
    reporter,
    stage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__: list[str] = []


class Limit(Params):
    """Parameters for the tests."""

    limit: int = 3


@stage(version=2, reads=("judgments",), writes=("pairs",), params=Limit)
def _drop_ties(tables: Mapping[str, pl.LazyFrame], params: Limit, context: Context) -> StageResult:
    """Drop ties.

    And more.
    """
    return StageResult(tables={}, rows_in=params.limit, rows_out=params.limit)


@exporter(version=1, loses=("margins",))
def plain_text(frames: Iterator[pl.DataFrame], folder: Path, params: NoParams) -> list[Path]:
    return [folder / str(sum(frame.height for frame in frames))]


def test_a_stage_is_named_by_its_function() -> None:
    assert (_drop_ties.name, _drop_ties.summary) == ("drop-ties", "Drop ties.")
    assert (_drop_ties.version, _drop_ties.reads, _drop_ties.writes) == (
        2,
        ("judgments",),
        ("pairs",),
    )
    assert _drop_ties.params is Limit
    result = _drop_ties.run({}, Limit(limit=1), Context())
    assert (result.rows_in, result.rows_out, result.rejects) == (1, 1, None)


def test_an_exporter_is_named_by_its_function_and_needs_no_docstring() -> None:
    assert (plain_text.name, plain_text.summary) == ("plain-text", "")
    assert (plain_text.params, plain_text.loses) == (NoParams, ("margins",))
    written = plain_text.write(iter([pl.DataFrame({"a": [1, 2]})]), Path("x"), NoParams())
    assert written == [Path("x/2")]


@reporter(version=3, reads=("scores",))
def _all_scores(
    tables: Mapping[str, pl.LazyFrame], params: NoParams, context: Context, out: Path
) -> list[Path]:
    """Show all scores."""
    return [out / context.snapshot]


def test_a_reporter_is_named_by_its_function() -> None:
    assert (_all_scores.name, _all_scores.summary) == ("all-scores", "Show all scores.")
    assert (_all_scores.version, _all_scores.reads) == (3, ("scores",))
    written = _all_scores.write({}, NoParams(), Context(snapshot="s"), Path("x"))
    assert written == [Path("x/s")]


def test_a_context_surrounds_nothing_by_default() -> None:
    context = Context()
    assert (context.seed, context.report, context.scratch) == (0, silent, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        context.seed = 1  # type: ignore[misc]


def test_the_registry_knows_every_kind_of_plugin() -> None:
    assert set(get_args(Kind)) == set(registry._PACKAGES)
