"""All checks that need no model, over many rationales at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.checks.aspects import check_aspects
from prefdata.rationales.checks.boilerplate import check_boilerplate
from prefdata.rationales.checks.copying import check_copying
from prefdata.rationales.checks.language import check_language
from prefdata.rationales.checks.leaks import check_label_leak, check_position_leak
from prefdata.rationales.checks.length import check_length
from prefdata.rationales.checks.limits import CHECK_NAMES, CHECKED, FOUND
from prefdata.rationales.checks.names import check_names
from prefdata.rationales.checks.quotes import check_quotes, place_quotes
from prefdata.rationales.checks.refusal import check_refusal
from prefdata.rationales.checks.shares import words_of
from prefdata.rationales.checks.specificity import check_specificity
from prefdata.rationales.checks.texts import Read, read_rationales

if TYPE_CHECKING:
    from prefdata.rationales.checks.limits import Limits

__all__ = ["run_checks"]

_ROWS_AT_ONCE = 20_000
"""Fewer than `MAX_SETS`, and few enough that the words of their responses fit in memory."""


def run_checks(rows: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Make all checks of all rationales.

    Args:
        rows: `CHECKED`, each ``rationale_id`` once; more columns do not matter. A rationale
            without a text fails `length`, and all other checks abstain.
        limits: From where on a rationale fails.

    Returns:
        `FOUND`: a row for each rationale and check, sorted by rationale, then in the order of
        `CHECK_NAMES`. Where ``is_passed`` is null the check cannot tell, or only reports. Each
        rationale is checked by itself, but for `boilerplate`.
    """
    rows = rows.select(pl.col(name).cast(dtype) for name, dtype in CHECKED.items())
    rows = rows.sort("rationale_id")
    parts = [pl.DataFrame(schema=FOUND)]
    reads = []
    for start in range(0, rows.height, _ROWS_AT_ONCE):
        read = read_rationales(rows.slice(start, _ROWS_AT_ONCE), limits)
        parts += _one_by_one(read, limits)
        reads.append(read.rows)
    if reads:
        quotes = pl.DataFrame()
        parts.append(check_boilerplate(Read(pl.concat(reads), quotes), limits))
    order = pl.Enum(CHECK_NAMES)
    return pl.concat(parts).sort("rationale_id", pl.col("check_name").cast(order))


def _one_by_one(read: Read, limits: Limits) -> list[pl.DataFrame]:
    """Make the checks that look at one rationale at a time."""
    responses = words_of(read.rows)
    placed = place_quotes(read, limits)
    return [
        check_length(read, limits),
        check_language(read),
        check_refusal(read),
        check_label_leak(read),
        check_position_leak(read),
        check_quotes(placed, read),
        check_names(read, limits),
        check_copying(placed, read, responses, limits),
        check_specificity(read, responses, limits),
        check_aspects(read, responses, limits),
    ]
