"""The files beside the page: all numbers as JSON, the queue and the curves as CSV, a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.reports._page.files import as_json, short, write_all
from prefdata.reports._page.tables import plain_table
from prefdata.reports._page.texts import count, share
from prefdata.reports._routing.page import batch_table, page, points

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.reports._routing.findings import Findings

__all__ = ["numbers", "summary", "write_files"]

_FRAMES = ("arms", "batches", "routers", "tags", "agreements", "annotators")


def numbers(found: Findings) -> dict[str, Any]:
    """Return all numbers of the report."""
    return {
        "snapshot": found.snapshot,
        "params": found.params.model_dump(mode="json"),
        "plans": [list(plan) for plan in found.planned.plans],
        "verdicts": found.planned.verdicts.to_dicts(),
        **{name: getattr(found, name).to_dicts() for name in _FRAMES},
    }


def summary(found: Findings) -> str:
    """Return what a terminal shows: the verdict, the queue, and how far people agree."""
    if found.planned.is_empty:
        return f"no plan of the step {found.params.route_from}\n"
    lines = []
    for row in found.routers.filter("is_chosen").iter_rows(named=True):
        lines.append(f"{row['source']}, {row['aspect']}: {row['router']} ({row['verdict']})")
        if row["label"] is not None:
            lines.append(
                f"  {share(row['share'])} judged by people; labels against random: "
                f"{points(row['label'], row['label_low'], row['label_high'])}"
            )
    if found.batches.height:
        lines += ["to be asked:", *plain_table(batch_table(found))]
    alphas = found.agreements
    if alphas.height:
        alphas = alphas.filter(
            (pl.col("coefficient") == "krippendorff-nominal") & (pl.col("group_by") == "all")
        ).drop_nulls("value")
        lines += [
            f"alpha of {row['among']} in {row['source']}, {row['aspect']}: {row['value']:.3f} "
            f"({count(row['n_judgments'])} judgments)"
            for row in alphas.iter_rows(named=True)
        ]
    return "".join(f"{short(line)}\n" for line in lines)


def write_files(found: Findings, out: Path) -> list[Path]:
    """Write all files of the report and return them."""
    listed = pl.col("why", "why_gains").cast(pl.List(pl.String)).list.join("; ")
    queue = (
        found.planned.routes.filter(pl.col("batch").is_not_null())
        .sort("source", "aspect", "batch", "rank", "comparison_id", nulls_last=True)
        .with_columns(listed)
    )
    texts = {
        "index.html": page(found),
        "numbers.json": as_json(numbers(found)),
        "queue.csv": queue.write_csv(),
        "curves.csv": found.planned.curves.write_csv(),
        "summary.txt": summary(found),
    }
    return write_all(out, texts, found.figures)
