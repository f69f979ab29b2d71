"""Great Expectations, which nothing else of prefdata imports: suites in, outcomes and pages out."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import InternalError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import pandas as pd

    from prefdata.quality.checks import Check

__all__ = ["Outcome", "Suite", "run_suites"]

_N_SHOWN = 5
_SITE = "data_docs"
_EXPECTATIONS = {
    "not-null": "ExpectColumnValuesToNotBeNull",
    "in-set": "ExpectColumnValuesToBeInSet",
    "between": "ExpectColumnValuesToBeBetween",
    "unique": "ExpectColumnValuesToBeUnique",
}
_UNIQUE_TOGETHER = "ExpectCompoundColumnsToBeUnique"


@dataclass(frozen=True, slots=True)
class Suite:
    """What is expected of one frame."""

    name: str
    checks: list[Check]
    frame: Callable[[], pd.DataFrame]
    """Called when its turn comes, so that one frame is in memory at a time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one check."""

    is_passed: bool
    n_rows: int
    n_unexpected: int


def run_suites(
    suites: Iterable[Suite], *, site: Path, run_name: str
) -> dict[tuple[str, str], Outcome]:
    """Evaluate suites and write their Data Docs.

    Args:
        suites: Each with a name of its own.
        site: Folder for the pages as Great Expectations makes them; they need a network.
        run_name: Shown on the pages.

    Returns:
        The outcome by name of the suite and of the rule.

    Raises:
        MissingExtraError: If great-expectations is not installed.
        InternalError: If an expectation cannot be evaluated.
    """
    with _quiet():
        gx = _load()
        context = _context(gx, site)
        pandas = context.data_sources.add_pandas("prefdata")
        outcomes: dict[tuple[str, str], Outcome] = {}
        for suite in suites:
            for rule, outcome in _run(gx, context, pandas, suite, run_name):
                outcomes[suite.name, rule] = outcome
        context.build_data_docs()
    return outcomes


@contextmanager
def _quiet() -> Iterator[None]:
    # Great Expectations warns of what it and its own dependencies deprecate, on import and on
    # every call; users can do nothing about it, and our tests take warnings for errors.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _load() -> Any:
    # It is read when the package is imported and when a context is made.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    try:
        import great_expectations as gx
    except ModuleNotFoundError as error:
        raise MissingExtraError("Validation", extra="quality") from error
    return gx


def _context(gx: Any, site: Path) -> Any:
    """Make a context that stores nothing but the pages, and calls nobody."""
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    pages = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(site),
        },
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        data_docs_sites={_SITE: pages},
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _run(
    gx: Any, context: Any, pandas: Any, suite: Suite, run_name: str
) -> Iterator[tuple[str, Outcome]]:
    asset = pandas.add_dataframe_asset(suite.name)
    batch = asset.add_batch_definition_whole_dataframe("rows")
    expectations = [_expectation(gx, check) for check in suite.checks]
    stored = context.suites.add(gx.ExpectationSuite(name=suite.name, expectations=expectations))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=suite.name, data=batch, suite=stored)
    )
    frame = suite.frame()
    # Positions of unexpected rows are not asked for: they take minutes when a million rows fail.
    result = definition.run(
        batch_parameters={"dataframe": frame},
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": _N_SHOWN},
        run_id=gx.core.RunIdentifier(run_name=run_name),
    )
    for item in result.results:
        rule = item.expectation_config.meta["rule"]
        if item.exception_info.get("raised_exception", True):
            raise InternalError(
                f"The rule {rule} cannot be evaluated: {item.exception_info}.",
                where=suite.name,
                fix="Please report this.",
            )
        count = int(item.result.get("unexpected_count") or 0)
        yield rule, Outcome(bool(item.success), len(frame), count)


def _expectation(gx: Any, check: Check) -> Any:
    columns = list(check.columns)
    told: dict[str, Any] = {"notes": check.why, "meta": {"rule": check.rule}}
    if check.kind == "unique" and len(columns) > 1:
        return getattr(gx.expectations, _UNIQUE_TOGETHER)(column_list=columns, **told)
    told["column"] = columns[0]
    if check.kind == "in-set":
        told["value_set"] = list(check.values)
    if check.kind == "between":
        told |= {"min_value": check.low, "max_value": check.high}
    return getattr(gx.expectations, _EXPECTATIONS[check.kind])(**told)
