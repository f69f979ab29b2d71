"""The page: what was found, in tables and words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from prefdata.reports._page.render import render
from prefdata.reports._page.tables import Column, Table, table
from prefdata.reports._rationales.numbers import CLEAN

if TYPE_CHECKING:
    from prefdata.reports._rationales.findings import Findings

__all__ = ["gate_table", "page"]

_TEMPLATE = Path(__file__).parent / "templates" / "rationales.html.j2"
_SHARE = [Column("share", "share", "share"), Column("interval", "95 % interval", "text")]


def page(found: Findings) -> str:
    """Write the page.

    Raises:
        MissingExtraError: If jinja2 is not installed.
    """
    rows = found.gated.rows
    return render(
        _TEMPLATE,
        {
            "title": "Rationales and their gate",
            "found": found,
            "n_rationales": rows.height,
            "n_passed": int(rows["is_passed"].sum()),
            "n_pairs": int(found.pairs["pairs"].sum()),
            "n_kept": int(found.pairs["kept"].sum()),
            "about": _about(found),
            "tables": _tables(found),
            "unmet": _named(found.gate.filter(~pl.col("is_met") & (pl.col("control") != CLEAN))),
            "unclean": _named(found.gate.filter(~pl.col("is_met") & (pl.col("control") == CLEAN))),
            "unseen": _named(found.gate.filter(pl.col("is_met").is_null())),
        },
    )


def _named(rows: pl.DataFrame) -> list[str]:
    return [f"{kind}: {control}" for kind, control in rows.select("kind", "control").iter_rows()]


def _about(found: Findings) -> list[tuple[str, str]]:
    generators = found.gated.rows["generator"].drop_nulls().unique().sort()
    return [
        ("snapshot", found.snapshot or "none"),
        ("sources", ", ".join(found.sources) or "none"),
        ("gate", found.params.gate_from),
        ("written by", ", ".join(generators) or "nobody: the source's own words"),
    ]


def gate_table(found: Findings) -> Table:
    """Return what the whole gate does with each control."""
    rows = found.gate.with_columns(
        verdict=pl.col("is_met").replace_strict(
            {True: "yes", False: "NO"},
            default="–",
            return_dtype=pl.String,
        ),
        wanted=pl.when(pl.col("control") == CLEAN)
        .then(pl.concat_str(pl.lit("≤ "), _percent("required")))
        .otherwise(pl.concat_str(pl.lit("≥ "), _percent("required"))),
    )
    columns = [
        Column("kind", "kind", "text"),
        Column("control", "spoilt how", "text"),
        Column("n", "of", "count"),
        Column("n_rejected", "rejected", "count"),
        *_SHARE,
        Column("wanted", "wanted", "text"),
        Column("verdict", "met", "text"),
    ]
    return _table(columns, rows)


def _tables(found: Findings) -> dict[str, Table]:
    many = [
        Column("rationales", "rationales", "count"),
        Column("passed", "passed", "count"),
        *_SHARE,
    ]
    orders = found.orders.with_columns(
        order=pl.when("is_chosen_x").then(pl.lit("X")).otherwise(pl.lit("Y"))
    )
    return {
        "gate": gate_table(found),
        "kinds": _table(
            [
                Column("source", "source", "text"),
                Column("kind", "kind", "text"),
                Column("origin", "origin", "text"),
                *many,
                Column("kept", "kept", "count"),
                Column("words", "median words kept", "score"),
            ],
            found.by_kind,
        ),
        "languages": _table(
            [Column("language", "language", "text"), *many, Column("kept", "kept", "count")],
            found.by_language,
        ),
        "pairs": _table(
            [
                Column("source", "source", "text"),
                Column("kind", "kind", "text"),
                Column("pairs", "pairs", "count"),
                Column("kept", "with a rationale", "count"),
                *_SHARE,
            ],
            found.pairs,
        ),
        "statuses": _table(
            [
                Column("kind", "kind", "text"),
                Column("origin", "origin", "text"),
                Column("status", "status", "text"),
                Column("rationales", "rationales", "count"),
            ],
            found.statuses,
        ),
        "checks": _table(
            [
                Column("check_name", "check", "text"),
                Column("decided", "could tell", "count"),
                Column("failed", "failed", "count"),
                *_SHARE,
                Column("abstained", "could not tell", "count"),
                Column("median", "median value", "score"),
            ],
            found.checks,
        ),
        "orders": _table([Column("order", "chosen is", "text"), *many], orders),
        "attempts": _table([Column("attempt", "attempt", "count"), *many], found.attempts),
    }


def _table(columns: list[Column], rows: pl.DataFrame) -> Table:
    interval = (
        pl.when(pl.col("low").is_not_null())
        .then(pl.concat_str(_hundredths("low"), pl.lit(" – "), _percent("high")))
        .alias("interval")
    )
    shown = rows.with_columns(interval) if "low" in rows.columns else rows
    return table(columns, shown.iter_rows(named=True))


def _percent(name: str) -> pl.Expr:
    return pl.concat_str(_hundredths(name), pl.lit(" %"))


def _hundredths(name: str) -> pl.Expr:
    return (100 * pl.col(name)).round(1).cast(pl.String).str.strip_suffix(".0")
