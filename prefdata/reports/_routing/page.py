"""The page: the verdict first, then what it rests on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.reports._page.render import render
from prefdata.reports._page.tables import Column, Table, table
from prefdata.reports._page.texts import count, score
from prefdata.routing.features.names import readable

if TYPE_CHECKING:
    from prefdata.reports._routing.findings import Findings

__all__ = ["batch_table", "page", "points"]

_TEMPLATE = Path(__file__).parent / "templates" / "routing.html.j2"


def points(value: float | None, low: float | None, high: float | None) -> str:
    """Write a difference of shares in points, with its interval; nothing is a dash."""
    if value is None:
        return "–"
    told = f"{100 * value:+.1f} points"
    if low is not None and high is not None:
        told += f" ({100 * low:+.1f} to {100 * high:+.1f})"
    return told.replace("-", "−")


def page(found: Findings) -> str:
    """Write the page.

    Raises:
        MissingExtraError: If jinja2 is not installed.
    """
    routes = found.planned.routes
    asked = routes.filter(pl.col("n_votes") > 0)
    return render(
        _TEMPLATE,
        {
            "title": "Who should judge what",
            "found": found,
            "about": _about(found),
            "n_comparisons": routes.height,
            "n_asked": asked.height,
            "n_votes": int(asked["n_votes"].sum()) if routes.height else 0,
            "costs": _costs(asked),
            "plans": [_plan(found, number, *plan) for number, plan in enumerate(_plans(found), 1)],
            "tables": _tables(found),
            "agreement": found.figures.get("agreement"),
        },
    )


def _plans(found: Findings) -> list[tuple[str, str]]:
    return found.planned.plans


def _about(found: Findings) -> list[tuple[str, str]]:
    ids = found.planned.routes["plan_id"].unique().sort().to_list()
    return [
        ("snapshot", found.snapshot or "none"),
        ("plan", ", ".join(ids) or "none"),
        ("made by", found.params.route_from),
    ]


def _costs(asked: pl.DataFrame) -> str:
    sums = asked.group_by("currency").agg(pl.col("cost").sum()).sort("currency")
    return ", ".join(f"{cost:,.2f} {currency}" for currency, cost in sums.iter_rows()) or "nothing"


def _plan(found: Findings, number: int, source: str, aspect: str) -> dict[str, Any]:
    """Return what the page says of one source and aspect."""
    mine = {"source": source, "aspect": aspect}
    verdicts = found.planned.verdicts.filter(**mine)
    chosen = (
        verdicts.filter("is_chosen").row(0, named=True) if verdicts["is_chosen"].any() else None
    )
    return {
        "source": source,
        "aspect": aspect,
        "chosen": chosen,
        "router": _router(found.planned.routes.filter(**mine)),
        "asks": found.planned.routes.filter(pl.col("n_votes") > 0, **mine).height > 0,
        "curve": found.figures.get(f"curve-{number}"),
        "routers": _routers(found.routers.filter(**mine)),
        "cost_of_knowing": _cost_of_knowing(
            chosen or (verdicts.row(0, named=True) if verdicts.height else None)
        ),
        "tags": _tags(found.tags.filter(**mine)),
    }


def _router(routes: pl.DataFrame) -> str | None:
    """Return the router that the plan follows; none where only both sets are asked for."""
    named = routes.filter(role="pool")["router"].drop_nulls().unique().sort()
    return None if named.is_empty() else str(named[0])


def _routers(rows: pl.DataFrame) -> Table:
    shown = [
        row
        | {
            "label": points(row["label"], row["label_low"], row["label_high"]),
            "loss": _loss(row),
            "plan": "yes" if row["is_chosen"] else "",
        }
        for row in rows.iter_rows(named=True)
    ]
    columns = [
        Column("router", "router", "text"),
        Column("verdict", "verdict", "text"),
        Column("plan", "in the plan", "text"),
        Column("share", "by people", "share"),
        Column("label", "labels, against random", "text"),
        Column("label_recovered", "of the oracle’s", "share"),
        Column("loss", "reward head’s log-loss, against random", "text"),
        Column("rank_correlation", "ρ of mixes", "score"),
    ]
    return table(columns, shown)


def _loss(row: dict[str, Any]) -> str:
    if row["loss"] is None:
        return "–"
    told = f"{row['loss']:+.4f}"
    if row["loss_low"] is not None:
        told += f" ({row['loss_low']:+.4f} to {row['loss_high']:+.4f})"
    return told.replace("-", "−")


def _cost_of_knowing(row: dict[str, Any] | None) -> list[tuple[str, str]]:
    if row is None:
        return []
    money = f" {row['currency']}"
    even = row["break_even"]
    return [
        ("evaluation set", f"{count(row['n_evaluation'])} comparisons"),
        ("seed set", f"{count(row['n_seed'])} comparisons"),
        ("pool", f"{count(row['n_pool'])} comparisons"),
        ("judgments for both sets", count(row["n_overhead_votes"])),
        ("their price", "–" if row["overhead"] is None else f"{row['overhead']:,.2f}{money}"),
        ("spent on the pool", "–" if row["spend"] is None else f"{row['spend']:,.2f}{money}"),
        (
            "routing pays from a pool of",
            "never, by these figures" if even is None else f"{even:,.0f} comparisons",
        ),
        ("α of the truth", score(row["alpha"], signs=3)),
        ("κ of errors, AI and people", score(row["error_kappa"], signs=3)),
    ]


def _tags(rows: pl.DataFrame) -> Table:
    columns = [
        Column("tag", "tag", "text"),
        Column("comparisons", "among the three reasons of", "count"),
        Column("gain", "mean contribution", "score"),
    ]
    shown = (row | {"tag": readable(row["tag"])} for row in rows.iter_rows(named=True))
    return table(columns, shown)


def batch_table(found: Findings) -> Table:
    """Return what each batch asks and costs."""
    columns = [
        Column("source", "source", "text"),
        Column("batch", "batch", "count"),
        Column("comparisons", "comparisons", "count"),
        Column("votes", "judgments", "count"),
        Column("price", "price", "text"),
    ]
    rows = (
        row | {"price": f"{row['cost']:,.2f} {row['currency']}"}
        for row in found.batches.iter_rows(named=True)
    )
    return table(columns, rows)


def _tables(found: Findings) -> dict[str, Table]:
    return {
        "batches": batch_table(found),
        "arms": table(
            [
                Column("source", "source", "text"),
                Column("role", "part", "text"),
                Column("arm", "judged by", "text"),
                Column("comparisons", "comparisons", "count"),
                Column("votes", "judgments to ask", "count"),
            ],
            found.arms.iter_rows(named=True),
        ),
        "agreements": table(
            [
                Column("source", "source", "text"),
                Column("aspect", "aspect", "text"),
                Column("among", "among", "text"),
                Column("coefficient", "coefficient", "text"),
                Column("group_by", "by", "text"),
                Column("group_value", "group", "text"),
                Column("value", "value", "score"),
                Column("interval", "95 % interval", "text"),
                Column("n_comparisons", "comparisons", "count"),
                Column("n_judgments", "judgments", "count"),
            ],
            (
                row | {"interval": _interval(row, "low", "high")}
                for row in found.agreements.iter_rows(named=True)
            ),
        ),
        "annotators": table(
            [
                Column("annotator_id", "annotator", "text"),
                Column("kind", "kind", "text"),
                Column("n", "judgments", "count"),
                Column("agreement", "agrees", "share"),
                Column("agreed", "95 % interval", "text"),
                Column("reliability", "reliability", "score"),
                Column("first_share", "chose the first", "share"),
                Column("first", "95 % interval", "text"),
                Column("longer_share", "chose the longer", "share"),
                Column("longer", "95 % interval", "text"),
            ],
            (
                row
                | {
                    "agreed": _percents(row, "agreement"),
                    "first": _percents(row, "first"),
                    "longer": _percents(row, "longer"),
                }
                for row in found.annotators.iter_rows(named=True)
            ),
        ),
    }


def _interval(row: dict[str, Any], low: str, high: str) -> str:
    if row[low] is None or row[high] is None:
        return "–"
    return f"{row[low]:.3f} to {row[high]:.3f}".replace("-", "−")


def _percents(row: dict[str, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "–" if low is None or high is None else f"{100 * low:.0f} – {100 * high:.0f} %"
