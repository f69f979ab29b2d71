"""The contract of stages lets a faithful one through, and names what another does wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.errors import DataError, InternalError
from prefdata.protocols import Context, NoParams, Params, StageResult, stage
from prefdata.registry import plugin
from prefdata.testing.stages import EXAMPLE_SOURCES, assert_stage_contract, example_catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from prefdata.catalog import Catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return example_catalog(tmp_path_factory.mktemp("example"))


def _found(tables: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    return (
        tables["responses"]
        .filter(pl.col("text").str.len_chars() < 40)
        .select(
            id="response_id",
            subject=pl.lit("responses"),
            flag=pl.lit("short"),
            reason=pl.lit("few characters"),
        )
        .collect()
    )


def _height(tables: Mapping[str, pl.LazyFrame]) -> int:
    return int(tables["responses"].select(pl.len()).collect().item())


@stage(version=1, reads=("responses",), writes=("flags",))
def flag_short(
    tables: Mapping[str, pl.LazyFrame], params: NoParams, context: Context
) -> StageResult:
    """Flag short responses."""
    del params, context
    n = _height(tables)
    return StageResult({"flags": _found(tables)}, n, n)


class _Silent(Params):
    words: int = 3


def _loses(tables: Mapping[str, pl.LazyFrame], params: Any, context: Any) -> StageResult:
    return replace(flag_short.run(tables, params, context), rows_out=0)


def _writes_elsewhere(tables: Mapping[str, pl.LazyFrame], params: Any, context: Any) -> StageResult:
    result = flag_short.run(tables, params, context)
    return replace(result, tables={"prompts": pl.DataFrame()})


def _breaks_a_rule(tables: Mapping[str, pl.LazyFrame], params: Any, context: Any) -> StageResult:
    result = flag_short.run(tables, params, context)
    odd = result.tables["flags"].with_columns(subject=pl.lit("planets"))
    return replace(result, tables={"flags": odd})


def _repeats(tables: Mapping[str, pl.LazyFrame], params: Any, context: Any) -> StageResult:
    result = flag_short.run(tables, params, context)
    flags = result.tables["flags"]
    return replace(result, tables={"flags": pl.concat([flags, flags])})


def _looks_at_the_order(
    tables: Mapping[str, pl.LazyFrame], params: Any, context: Any
) -> StageResult:
    result = flag_short.run(tables, params, context)
    return replace(result, tables={"flags": result.tables["flags"].head(1)})


def _makes_something_of_nothing(
    tables: Mapping[str, pl.LazyFrame], params: Any, context: Any
) -> StageResult:
    result = flag_short.run(tables, params, context)
    odd = pl.DataFrame(
        {"id": ["x"], "subject": ["responses"], "flag": ["short"], "reason": ["none is there"]}
    )
    return result if result.rows_in else replace(result, tables={"flags": odd})


def _counts_nothing(tables: Mapping[str, pl.LazyFrame], params: Any, context: Any) -> StageResult:
    result = flag_short.run(tables, params, context)
    return replace(result, rows_in=0, rows_out=0)


def test_a_faithful_stage_passes(tmp_path: Path) -> None:
    assert_stage_contract(flag_short, tmp_path)


@pytest.mark.parametrize("scope", ["source", "catalog"])
def test_a_stage_is_given_each_source_or_all_at_once(
    scope: Any, catalog: Catalog, tmp_path: Path
) -> None:
    given = []

    def looks(tables: Mapping[str, pl.LazyFrame], params: Any, context: Context) -> StageResult:
        given.append((context.source, context.sources, _height(tables) > 0))
        n = _height(tables)
        return StageResult({}, n, n)

    toy = replace(flag_short, run=looks, scope=scope)
    assert_stage_contract(toy, tmp_path, catalog=catalog)
    one_by_one = [(source, (source,)) for source in EXAMPLE_SOURCES]
    calls = [("", EXAMPLE_SOURCES)] if scope == "catalog" else one_by_one
    assert given == [(*call, has_rows) for call in calls for has_rows in (True, True, False)]


@pytest.mark.parametrize(
    ("run", "error", "why"),
    [
        (_loses, InternalError, "does not account for its rows"),
        (_writes_elsewhere, InternalError, r"undeclared tables: \['prompts'\]"),
        (_breaks_a_rule, DataError, "enum:subject"),
        (_repeats, AssertionError, "flags: two rows have one key"),
        (_looks_at_the_order, AssertionError, "another order of what it reads gives other rows"),
        (_makes_something_of_nothing, AssertionError, "of nothing it makes rows"),
    ],
)
def test_what_breaks_a_promise_is_named(
    run: Callable[..., StageResult],
    error: type[Exception],
    why: str,
    catalog: Catalog,
    tmp_path: Path,
) -> None:
    with pytest.raises(error, match=why):
        assert_stage_contract(replace(flag_short, run=run), tmp_path, catalog=catalog)


def test_a_stage_has_something_to_do_in_the_example(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no row of the example concerns the stage"):
        assert_stage_contract(replace(flag_short, run=_counts_nothing), tmp_path)


def test_rejects_come_in_any_order(catalog: Catalog, tmp_path: Path) -> None:
    assert_stage_contract(plugin("stage", "make-pairs"), tmp_path, catalog=catalog)


def test_a_stage_says_what_it_is_and_takes(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no docstring"):
        assert_stage_contract(replace(flag_short, summary=""), tmp_path, catalog=catalog)
    with pytest.raises(AssertionError, match="words is not explained"):
        assert_stage_contract(replace(flag_short, params=_Silent), tmp_path, catalog=catalog)
