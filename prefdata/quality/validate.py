"""Validate one snapshot: contracts of tables and facts of sources, to results and pages."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from prefdata.catalog.session import Session
from prefdata.quality.checks import Check, checks_of
from prefdata.quality.engine import Outcome, Suite, run_suites
from prefdata.quality.facts import Fact, facts_of, of_sources
from prefdata.quality.pages import About, build_pages
from prefdata.quality.projection import Projection
from prefdata.quality.results import CheckResult, Validation
from prefdata.schema import table_names, table_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from prefdata.catalog import Catalog, Snapshot
    from prefdata.fetch.cards import SourceCard

__all__ = ["validate"]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table that has rows, and what is expected of it."""

    name: str
    projection: Projection
    checks: list[Check]

    @property
    def suite(self) -> Suite:
        return Suite(self.name, self.checks, partial(self.projection.frame, self.checks))


def validate(
    catalog: Catalog,
    *,
    at: str | None,
    sample: int | None,
    tables: Sequence[str] | None,
    docs: Path,
    cards: Mapping[str, SourceCard] | None = None,
) -> Validation:
    """Hold a snapshot against the contracts of its tables and the facts of its sources.

    Args:
        catalog: Where the snapshot is.
        at: Snapshot or tag; the newest snapshot when None.
        sample: Number of rows per table to look at, chosen by their keys; all when None. Facts
            of sources are always about all rows.
        tables: Tables to look at; all when None. A table without rows has nothing to check.
        docs: Folder for the pages; an older one that this made is replaced in one step.
        cards: Cards by source, for sources whose card does not ship.

    Raises:
        UnknownNameError: If there is no such snapshot or table.
        UserError: If the folder holds something else.
        MissingExtraError: If great-expectations is not installed.
    """
    started = time.perf_counter()
    snapshot = catalog.snapshot(at)
    names = [table_schema(name).table for name in tables or table_names()]
    filled = [name for name in dict.fromkeys(names) if snapshot.state.table(name).rows]
    rows = dict.fromkeys(names, 0)
    with (
        Session(catalog.workspace, snapshot.state) as session,
        Session(catalog.workspace, of_sources(snapshot.state)) as published,
        build_pages(docs) as pages,
    ):
        looked = [_table(name, session, sample) for name in filled]
        facts = [
            fact
            for source in snapshot.state.sources()
            for fact in facts_of(
                source, published, tables=set(names), source_card=(cards or {}).get(source)
            )
        ]
        outcomes = run_suites(
            [*(table.suite for table in looked), *_fact_suites(facts)],
            site=pages.site,
            run_name=snapshot.name[:12],
        )
        results = []
        for table in looked:
            found = [outcomes[table.name, check.rule] for check in table.checks]
            rows[table.name] = max((outcome.n_rows for outcome in found), default=0)
            results += [
                _result(table, check, outcome)
                for check, outcome in zip(table.checks, found, strict=True)
            ]
        results += [
            _fact_result(fact, outcomes.get((_suite_name(fact.source), fact.rule)))
            for fact in facts
        ]
        validation = Validation(results, time.perf_counter() - started, docs / "index.html", rows)
        pages.finish(validation, _about(catalog, snapshot, sample))
    return validation


def _table(name: str, session: Session, sample: int | None) -> _Table:
    schema = table_schema(name)
    return _Table(name, Projection(session, schema, sample), checks_of(schema))


def _result(table: _Table, check: Check, outcome: Outcome) -> CheckResult:
    share = outcome.n_unexpected / outcome.n_rows if outcome.n_rows else 0.0
    return CheckResult(
        table=table.name,
        source=None,
        expectation=check.expectation,
        rule=check.rule,
        is_passed=outcome.is_passed,
        observed=f"{outcome.n_unexpected:,} of {outcome.n_rows:,} rows break it"
        if not outcome.is_passed
        else None,
        unexpected_count=outcome.n_unexpected,
        unexpected_share=share,
        examples=() if outcome.is_passed else table.projection.examples(check),
        reason=check.why,
    )


def _suite_name(source: str) -> str:
    return f"facts of {source}"


def _fact_suites(facts: Sequence[Fact]) -> list[Suite]:
    """Return one suite per source, on a frame of one row: the numbers that the snapshot gives."""
    made = [fact for fact in facts if fact.skipped is None]
    return [
        Suite(
            _suite_name(source),
            [_fact_check(fact) for fact in made if fact.source == source],
            partial(_fact_frame, [fact for fact in made if fact.source == source]),
        )
        for source in dict.fromkeys(fact.source for fact in made)
    ]


def _fact_check(fact: Fact) -> Check:
    # A number that is not there would pass as a null between any limits.
    is_given = fact.observed is not None
    return Check(
        rule=fact.rule,
        expectation=fact.expectation,
        why=fact.note or "Published by the source.",
        kind="between" if is_given else "not-null",
        columns={fact.rule.replace(":", " "): ""},
        is_bad="",
        low=fact.low if is_given else None,
        high=fact.high if is_given else None,
    )


def _fact_frame(facts: Sequence[Fact]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({fact.rule.replace(":", " "): [fact.observed] for fact in facts})


def _fact_result(fact: Fact, outcome: Outcome | None) -> CheckResult:
    is_failed = outcome is not None and not outcome.is_passed
    return CheckResult(
        table=fact.table,
        source=fact.source,
        expectation=fact.expectation,
        rule=fact.rule,
        is_passed=None if outcome is None else outcome.is_passed,
        observed=fact.seen,
        unexpected_count=int(is_failed),
        unexpected_share=float(is_failed),
        reason=fact.skipped or fact.note,
    )


def _about(catalog: Catalog, snapshot: Snapshot, sample: int | None) -> About:
    return About(
        workspace=str(catalog.workspace.root),
        snapshot=snapshot.name[:12],
        number=snapshot.number,
        created_at=snapshot.created_at,
        tags=snapshot.tags,
        sample=sample,
    )
