"""What a validation found: one result per expectation, passed, failed or skipped with a reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CheckResult", "Validation"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One expectation and what came of it."""

    table: str
    source: str | None
    """The dataset, for facts that its card publishes; null for the contract of a table."""
    expectation: str
    """What is expected, in words."""
    rule: str
    """Name of the rule, such as ``enum:kind``, ``reference:prompt_id`` or ``rows:prompts``."""
    is_passed: bool | None
    """Null when it was skipped; ``reason`` then says why."""
    observed: str | None = None
    """What was seen instead, in words; of a fact, the number that the snapshot gives."""
    unexpected_count: int = 0
    """Rows that break the rule."""
    unexpected_share: float = 0.0
    """Share of the rows looked at that break the rule, 0 to 1."""
    examples: tuple[str, ...] = ()
    """Keys of some rows that break the rule, with the value where one is at fault."""
    reason: str | None = None
    """Why the rule exists, or why it was skipped."""

    @property
    def status(self) -> str:
        """``passed``, ``failed`` or ``skipped``."""
        return {True: "passed", False: "failed", None: "skipped"}[self.is_passed]

    def as_row(self) -> dict[str, Any]:
        """Return what a table of results shows of it."""
        return {
            "table": self.table,
            "source": self.source,
            "rule": self.rule,
            "expectation": self.expectation,
            "status": self.status,
            "observed": self.observed,
            "unexpected": self.unexpected_count,
            "share": self.unexpected_share,
            "examples": ", ".join(self.examples),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Validation:
    """What was expected of one snapshot, and what came of it."""

    results: list[CheckResult]
    seconds: float
    docs: Path
    """The ``index.html`` of the pages."""
    rows: dict[str, int] = field(default_factory=dict)
    """Rows looked at, by table; a table without rows has no checks."""

    @property
    def is_passed(self) -> bool:
        """True when no check failed; skipped checks count as neither."""
        return not self.n_failed

    @property
    def n_checks(self) -> int:
        """Number of checks that were made."""
        return sum(result.is_passed is not None for result in self.results)

    @property
    def n_failed(self) -> int:
        """Number of checks that failed."""
        return sum(result.is_passed is False for result in self.results)

    @property
    def n_skipped(self) -> int:
        """Number of checks that could not be made; each result says why."""
        return sum(result.is_passed is None for result in self.results)

    def by_table(self) -> list[dict[str, Any]]:
        """Return one row per table: rows looked at, and checks by what came of them."""
        tables = [*self.rows, *(r.table for r in self.results if r.table not in self.rows)]
        return [
            {"table": table, "rows": self.rows.get(table), **self._counts(table)}
            for table in dict.fromkeys(tables)
        ]

    def _counts(self, table: str) -> dict[str, int]:
        found = [result.status for result in self.results if result.table == table]
        passed, failed, skipped = (found.count(s) for s in ("passed", "failed", "skipped"))
        return {"checks": passed + failed, "passed": passed, "failed": failed, "skipped": skipped}
