"""The files beside the page: all numbers as JSON, the controls as CSV, a plain summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefdata.reports._page.files import as_json, short, write_all
from prefdata.reports._page.tables import plain_table
from prefdata.reports._page.texts import count, share
from prefdata.reports._rationales.page import gate_table, page

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.reports._rationales.findings import Findings

__all__ = ["numbers", "summary", "write_files"]

_FRAMES = (
    "by_kind",
    "by_language",
    "pairs",
    "statuses",
    "checks",
    "orders",
    "attempts",
    "power",
    "gate",
)
_MOST_CHECKS = 6


def numbers(found: Findings) -> dict[str, Any]:
    """Return all numbers of the report."""
    return {
        "snapshot": found.snapshot,
        "sources": list(found.sources),
        "params": found.params.model_dump(mode="json"),
        "rationales": found.gated.rows.height,
        "order_gap": found.order_gap,
        **{name: getattr(found, name).to_dicts() for name in _FRAMES},
    }


def summary(found: Findings) -> str:
    """Return what a terminal shows: what pairs got, what failed, what the gate can see."""
    rows = found.gated.rows
    lines = [f"rationales: {count(rows.height)} went through {found.params.gate_from}"]
    lines += [
        f"  {row['source']}, {row['kind']}: {count(row['kept'])} of {count(row['pairs'])} pairs "
        f"have one ({share(row['share'])})"
        for row in found.pairs.iter_rows(named=True)
    ]
    failing = found.checks.filter(found.checks["failed"] > 0).head(_MOST_CHECKS)
    if failing.height:
        lines.append("failed most:")
        lines += [
            f"  {row['check_name']:<16} {count(row['failed']):>9}  {share(row['share']):>8}"
            for row in failing.iter_rows(named=True)
        ]
    if found.gate.height:
        lines += ["the gate's power:", *plain_table(gate_table(found))]
    return "".join(f"{short(line)}\n" for line in lines)


def write_files(found: Findings, out: Path) -> list[Path]:
    """Write all files of the report and return them."""
    texts = {
        "index.html": page(found),
        "numbers.json": as_json(numbers(found)),
        "power.csv": found.power.write_csv(),
        "summary.txt": summary(found),
    }
    return write_all(out, texts, found.figures)
