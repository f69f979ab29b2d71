"""What a check of a judge found, one row per rationale, in the form of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.checks.limits import FOUND

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Outcome", "outcomes", "rounded"]

Outcome = tuple[float | None, bool | None, str | None]
"""What was measured, whether it passed (null: could not tell, or only reports), and what to say."""

_DIGITS = 9  # A gap of 0.9 - 0.6 is 0.3 and not more.


def outcomes(rows: pl.DataFrame, check: str, found: Sequence[Outcome]) -> pl.DataFrame:
    """Put what a check found beside the rationales, in their order."""
    values, passed, details = zip(*found, strict=True) if found else ((), (), ())
    return pl.DataFrame(
        {
            "rationale_id": rows["rationale_id"],
            "check_name": [check] * len(found),
            "value": values,
            "is_passed": passed,
            "detail": details,
        },
        schema=FOUND,
    )


def rounded(value: float) -> float:
    """Return a measure without the noise of its last digits, so limits mean what they say."""
    return round(value, _DIGITS)
