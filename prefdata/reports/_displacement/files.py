"""The files beside the page: all numbers as JSON, the pairs to read as CSV, a plain summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.reports._page.files import as_json, short, write_all
from prefdata.reports._page.texts import count, score, share

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.reports._displacement.findings import Findings

__all__ = ["numbers", "summary", "write_files"]

_PAIR = (
    "pair_id",
    "source",
    "status",
    "fifth",
    "ln_ches",
    "ches",
    "relative_ches",
    "n_pos",
    "n_neg",
    "last_dot",
    "edit_distance",
    "flag",
)


def numbers(found: Findings) -> dict[str, Any]:
    """Return all numbers of the report, as JSON holds them; what is not finite is null."""
    return {
        "snapshot": found.snapshot,
        "sources": list(found.sources),
        "params": found.params.model_dump(mode="json"),
        "scores_of": {name: list(values) for name, values in found.scores.identity.items()},
        "pairs": found.scores.rows.height,
        "ranked": found.ranked.height,
        "kept": found.n_kept,
        "by_status": found.by_status.to_dicts(),
        "by_source": found.by_source.to_dicts(),
        "by_fifth": found.by_fifth.to_dicts(),
        "by_refusals": found.by_refusals.to_dicts(),
        "refusals_by_fifth": found.refusals_by_fifth.to_dicts(),
        "without_texts": found.n_without_texts,
        "spearman": found.correlations.to_dicts(),
        "filter": {
            "cuts": [
                {"score": c.score, "source": c.source, "kept": c.kept, "left_out": c.left_out}
                for c in found.cuts
            ],
            "reasons": found.scores.reasons.to_dicts(),
        }
        if found.scores.is_filtered
        else None,
    }


def summary(found: Findings) -> str:
    """Return what a terminal shows: counts, the spread of the score, what it goes along with."""
    rows = found.scores.rows.height
    model = ", ".join(found.scores.identity["model"]) or "no model"
    lines = [f"displacement: {count(rows)} pairs scored under {model}"]
    lines += [
        f"  {row['status']:<20} {count(row['pairs']):>12}  {share(row['share']):>8}"
        for row in found.by_status.iter_rows(named=True)
    ]
    if found.scores.is_filtered:
        part = share(found.n_kept / rows if rows else None)
        lines.append(f"  kept by {found.params.filter_from}: {count(found.n_kept)} ({part})")
    if found.ranked.height:
        whole = found.by_source.tail(1).row(0, named=True)
        spread = ", ".join(score(whole[key]) for key in ("q05", "median", "q95"))
        lines.append(f"LN-CHES at 5, 50 and 95 %: {spread}")
        lines += [_rho(found, name) for name in ("ln_ches", "ches")]
    return "".join(f"{short(line)}\n" for line in lines)


def _rho(found: Findings, name: str) -> str:
    row = found.correlations.filter(
        (pl.col("score") == name) & (pl.col("with") == "length_difference")
    )
    said = {"ln_ches": "LN-CHES", "ches": "raw CHES"}[name]
    return f"Spearman of {said} with length difference: {score(row['rho'][0], signs=2)}"


def write_files(found: Findings, page: str, out: Path) -> list[Path]:
    """Write all files of the report.

    Returns:
        The files.
    """
    texts = {
        "index.html": page,
        "numbers.json": as_json(numbers(found)),
        "summary.txt": summary(found),
        "pairs.csv": _pairs_csv(found),
    }
    return write_all(out, texts, found.figures)


def _pairs_csv(found: Findings) -> str:
    lists = {
        "highest": found.reading.highest,
        "lowest": found.reading.lowest,
        "identical": found.reading.identical,
    }
    rows = [
        {"list": name, **{key: pair.row[key] for key in _PAIR}}
        for name, pairs in lists.items()
        for pair in pairs
    ]
    kinds = found.scores.rows.schema
    schema = pl.Schema({"list": pl.String(), **{key: kinds[key] for key in _PAIR}})
    return pl.DataFrame(rows, schema=schema).write_csv()
