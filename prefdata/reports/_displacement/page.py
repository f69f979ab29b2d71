"""The page: what was found, in tables and words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.reports._displacement.numbers import SCORES
from prefdata.reports._page.render import render
from prefdata.reports._page.tables import Column, Table, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefdata.reports._displacement.findings import Findings

__all__ = ["page"]

_TEMPLATE = Path(__file__).parent / "templates" / "displacement.html.j2"
_MOST_REASONS = 12
_NAMES = {"ln_ches": "LN-CHES", "ches": "raw CHES", "relative_ches": "relative CHES"}
_WITH = {
    "length_difference": "length difference",
    "last_dot": "last-state similarity",
    "edit_distance": "edit distance",
    **_NAMES,
}
_STATUS = {
    "ok": "ranked",
    "truncated": "ranked; a response was cut to the longest length",
    "identical_responses": "equal in tokens: every score is exactly 0, so not ranked",
    "empty_chosen": "the chosen response is empty; not ranked",
    "empty_rejected": "the rejected response is empty; not ranked",
    "prompt_empty": "no score: there is no prompt",
    "too_long": "no score: the prompt leaves no room for a response",
    "error": "no score: see the column detail",
}
_REFUSES = {
    "both": "both responses",
    "chosen": "the chosen only",
    "rejected": "the rejected only",
    "none": "neither",
}
_ABOUT = ("model", "revision", "template", "dtype", "scorer", "settings")


def page(found: Findings) -> str:
    """Write the page.

    Raises:
        MissingExtraError: If jinja2 is not installed.
    """
    rows = found.scores.rows.height
    return render(
        _TEMPLATE,
        {
            "title": _title(found),
            "found": found,
            "n_pairs": rows,
            "n_identical": found.scores.rows.filter(status="identical_responses").height,
            "n_unranked": rows - found.ranked.height,
            "about": _about(found),
            "tables": _tables(found),
            "reasons": found.scores.reasons.head(_MOST_REASONS).to_dicts(),
            "n_more_reasons": max(found.scores.reasons.height - _MOST_REASONS, 0),
            "cut_by": _NAMES[found.cuts[0].score] if found.cuts else None,
            "rho": _rho(found),
            "names": _NAMES,
        },
    )


def _title(found: Findings) -> str:
    models = found.scores.identity["model"]
    return f"Likelihood displacement{f' under {models[0]}' if models else ''}"


def _about(found: Findings) -> list[tuple[str, str]]:
    """Return what the scores are of, as name and value."""
    scored = [
        (name, "; ".join(values)) for name in _ABOUT if (values := found.scores.identity[name])
    ]
    return [
        ("snapshot", found.snapshot or "none"),
        ("sources", ", ".join(found.sources) or "none"),
        ("scores from", found.params.scores_from),
        ("filter", found.params.filter_from or "none"),
        *scored,
    ]


def _tables(found: Findings) -> dict[str, Table]:
    is_filtered = found.scores.is_filtered
    statuses = found.by_status.with_columns(
        meaning=pl.col("status").replace_strict(_STATUS, default="", return_dtype=pl.String)
    )
    refuses = found.by_refusals.with_columns(
        refuses=pl.col("refuses").replace_strict(_REFUSES, return_dtype=pl.String)
    )
    return {
        "status": _table(
            [
                Column("status", "status", "text"),
                Column("pairs", "pairs", "count"),
                Column("share", "share", "share"),
                *([Column("kept", "kept", "count")] if is_filtered else []),
                Column("meaning", "meaning", "text"),
            ],
            statuses,
        ),
        "source": _table(
            [
                Column("source", "source", "text"),
                Column("pairs", "pairs", "count"),
                Column("ranked", "ranked", "count"),
                Column("q05", "5 %"),
                Column("q25", "25 %"),
                Column("median", "median"),
                Column("q75", "75 %"),
                Column("q95", "95 %"),
                Column("length_difference", "median length difference"),
                *([Column("kept", "kept", "count")] if is_filtered else []),
                *([Column("share_kept", "share kept", "share")] if is_filtered else []),
            ],
            found.by_source,
        ),
        "fifth": _table(
            [
                Column("fifth", "fifth", "text"),
                Column("pairs", "pairs", "count"),
                Column("lowest", "from"),
                Column("highest", "to"),
                Column("n_pos", "median chosen length"),
                Column("n_neg", "median rejected length"),
                Column("length_difference", "median difference"),
                Column("edit_distance", "median edit distance"),
                *([Column("share_kept", "share kept", "share")] if is_filtered else []),
            ],
            found.by_fifth.with_columns(fifth=_fifth_name()),
        ),
        "refusals": _table(
            [
                Column("refuses", "what refuses", "text"),
                Column("pairs", "pairs", "count"),
                Column("share", "share", "share"),
                Column("median", "median LN-CHES"),
                *([Column("share_kept", "share kept", "share")] if is_filtered else []),
            ],
            refuses,
        ),
        "spearman": _spearman(found),
    }


def _fifth_name() -> pl.Expr:
    ends = {1: "1 (lowest)", 5: "5 (highest)"}
    return pl.col("fifth").cast(pl.String).replace({str(k): v for k, v in ends.items()})


def _table(columns: list[Column], rows: pl.DataFrame) -> Table:
    return table(columns, rows.iter_rows(named=True))


def _spearman(found: Findings) -> Table:
    """Return the correlations as one row for each score; columns are what it goes along with."""
    others = ("length_difference", "last_dot", "edit_distance")
    known = {(s, w): (rho, n) for s, w, rho, n in found.correlations.iter_rows()}
    columns = [Column("score", "rank correlation of", "text")]
    columns += [Column(other, f"with {_WITH[other]}", "text") for other in others]
    columns.append(Column("n", "pairs", "text"))
    rows = [
        {
            "score": _NAMES[name],
            **{other: _signed(known[name, other][0]) for other in others},
            "n": _counts(known[name, other][1] for other in others),
        }
        for name in SCORES
    ]
    return table(columns, rows)


def _counts(numbers: Iterable[int]) -> str:
    """Return how many pairs stand behind the numbers of a row: once, where all are the same."""
    each = [f"{n:,}" for n in numbers]
    return each[0] if len(set(each)) == 1 else " / ".join(each)


def _signed(rho: float | None) -> str:
    # Adding 0 makes a rounded −0 a 0.
    return "–" if rho is None else f"{round(rho, 2) + 0:+.2f}".replace("-", "−")


def _rho(found: Findings) -> dict[str, str]:
    """Return the correlations that the text names."""
    rows: dict[Any, float | None] = {(s, w): rho for s, w, rho, _ in found.correlations.iter_rows()}
    return {
        "raw": _signed(rows["ln_ches", "ches"]),
        "ln_length": _signed(rows["ln_ches", "length_difference"]),
        "raw_length": _signed(rows["ches", "length_difference"]),
    }
