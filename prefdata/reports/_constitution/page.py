"""The page: whether anything holds first, then what, for whom, and pairs to read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.reports._constitution import numbers
from prefdata.reports._page.render import render
from prefdata.reports._page.tables import Column, Table, table
from prefdata.reports._page.texts import share

if TYPE_CHECKING:
    from prefdata.reports._constitution.findings import Findings

__all__ = ["page", "signed"]

_TEMPLATE = Path(__file__).parent / "templates" / "constitution.html.j2"
_ALL = "all"
_ROWS_BESIDE = 15
_SMALL = 0.001
_THAT = "select the response that …"
"""Title of the column of principles."""


def signed(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """Write a strength with its sign and interval; nothing is a dash."""
    if value is None:
        return "–"
    told = f"{value:+.3f}"
    if low is not None and high is not None:
        told += f" ({low:+.3f} to {high:+.3f})"
    return told.replace("-", "−")


def page(found: Findings) -> str:
    """Write the page.

    Raises:
        MissingExtraError: If jinja2 is not installed.
    """
    measured = found.measured
    overall = measured.reconstructions.filter(predictor="constitution", group_by=_ALL)
    return render(
        _TEMPLATE,
        {
            "title": "What these preferences reward",
            "found": found,
            "about": [
                ("snapshot", found.snapshot or "none"),
                ("sources", ", ".join(measured.sources) or "none"),
                ("measured by", found.params.constitution_from),
            ],
            "n_principles": measured.overall["principle_id"].n_unique(),
            "n_labels": _most_labels(measured.overall),
            "n_holds": int((overall["verdict"] == "holds").sum()),
            "n_sources": len(measured.sources),
            "parts": [_part(found, n, source) for n, source in enumerate(measured.sources, 1)],
            "across": _across(found),
        },
    )


def _most_labels(effects: pl.DataFrame) -> int:
    by_source = effects.group_by("source").agg(pl.col("n_labels").max())
    return int(by_source["n_labels"].sum())


def _part(found: Findings, number: int, source: str) -> dict[str, Any]:
    """Return what the page says of one source."""
    measured = found.measured
    effects = measured.overall.filter(source=source)
    strengths = numbers.by_strength(numbers.alike(effects))
    rows = measured.reconstructions.filter(
        source=source, group_by=_ALL, predictor="constitution"
    ).to_dicts()
    return {
        "source": source,
        "verdict": rows[0]["verdict"] if rows else None,
        "why": rows[0]["why"] if rows else None,
        "constitution": _constitution(measured.constitutions.filter(source=source, group_by=_ALL)),
        "predictors": _predictors(numbers.predictors(measured, source)),
        "strengths": found.figures.get(f"strengths-{number}"),
        "n_found": int(strengths["is_found"].sum()) if strengths.height else 0,
        "n_measured": strengths.height,
        "principles": _principles(strengths),
        "unmeasured": effects.filter(status="not-measurable")["sentence"].drop_nulls().to_list(),
        "counts": _counts(effects),
        "depends_on_order": numbers.depends_on_order(effects),
        "differences": found.figures.get(f"differences-{number}"),
        "contrasts": _contrasts(
            numbers.differences(measured, source).filter("is_found").head(found.params.contrasts)
        ),
        "groups": _groups(numbers.verdicts(measured).filter(source=source)),
        "beside": _beside(found, source),
        "n_suppressed": _suppressed(measured.effects.filter(source=source)),
        "evidence": found.evidence.get(source, []),
    }


def _constitution(rows: pl.DataFrame) -> Table:
    shown = [
        row
        | {
            "interval": signed(row["strength"], row["strength_low"], row["strength_high"]),
            "frequency": share(row["frequency"]),
            "odds": signed(row["weight"]),
        }
        for row in rows.iter_rows(named=True)
    ]
    columns = [
        Column("rank", "", "count"),
        Column("sentence", _THAT, "text"),
        Column("interval", "strength on held-out prompts, 95 % interval", "text"),
        Column("accuracy", "right, where it decides", "share"),
        Column("odds", "log-odds beside the others", "text"),
        Column("frequency", "chosen in half-samples", "text"),
    ]
    return table(columns, map(_unprefixed, shown))


def _predictors(rows: pl.DataFrame) -> Table:
    shown = [
        row | {"interval": _percents(row["low"], row["high"]), "p": _p(row["p"])}
        for row in rows.iter_rows(named=True)
    ]
    columns = [
        Column("told", "labels foretold by", "text"),
        Column("n_principles", "principles", "count"),
        Column("accuracy", "accuracy", "share"),
        Column("interval", "95 % interval", "text"),
        Column("auc", "AUC", "score"),
        Column("log_loss", "log-loss", "score"),
        Column("p", "p, against a coin", "text"),
        Column("n_labels", "labels", "count"),
    ]
    return table(columns, map(_unprefixed, shown))


def _principles(rows: pl.DataFrame) -> Table:
    found = rows.filter("is_found") if rows.height else rows
    shown = [
        row
        | {
            "interval": signed(row["strength"], row["strength_low"], row["strength_high"]),
            "given_length": signed(row["log_odds_given_length"]),
            "alone": signed(row["log_odds"]),
            "q": _p(row["q"]),
            "family": _p(row["p_family"]),
        }
        for row in found.iter_rows(named=True)
    ]
    columns = [
        Column("holds", _THAT, "text"),
        Column("interval", "strength, 95 % interval", "text"),
        Column("accuracy", "right", "share"),
        Column("relevance", "decides", "share"),
        Column("alone", "log-odds", "text"),
        Column("given_length", "given length", "text"),
        Column("q", "q", "text"),
        Column("family", "p, of all at once", "text"),
        Column("alike", "votes much like (cosine)", "text"),
    ]
    return table(columns, map(_unprefixed, shown))


def _counts(effects: pl.DataFrame) -> list[tuple[str, str]]:
    """Return what was left out, where something was."""
    if effects.is_empty():
        return []
    failed = int(effects["n_failed"].fill_null(0).sum())
    wavering = int(effects["n_inconsistent"].fill_null(0).sum())
    told = [("labels that prefer one response", f"{int(effects['n_labels'].max() or 0):,}")]  # type: ignore[arg-type]
    if failed:
        told.append(("votes that could not be had", f"{failed:,}"))
    if wavering:
        told.append(("votes that depend on the order shown", f"{wavering:,}"))
    return told


def _contrasts(rows: pl.DataFrame) -> Table:
    shown = [
        row
        | {
            "here": signed(row["strength"]),
            "there": signed(row["reference_strength"]),
            "interval": signed(row["difference"], row["low"], row["high"]),
            "same_mix": signed(row["reweighted"]),
            "q": _p(row["q"]),
        }
        for row in rows.iter_rows(named=True)
    ]
    columns = [
        Column("group_by", "by", "text"),
        Column("group_value", "group", "text"),
        Column("reference", "against", "text"),
        Column("sentence", _THAT, "text"),
        Column("here", "strength", "text"),
        Column("there", "there", "text"),
        Column("interval", "difference, 95 % interval", "text"),
        Column("same_mix", "at one mix of prompts", "text"),
        Column("q", "q", "text"),
    ]
    return table(columns, map(_unprefixed, shown))


def _groups(rows: pl.DataFrame) -> Table:
    shown = [
        row | {"interval": _percents(row["low"], row["high"]), "text": row["constitution"] or "–"}
        for row in rows.filter(pl.col("group_by") != _ALL).iter_rows(named=True)
    ]
    columns = [
        Column("group_by", "by", "text"),
        Column("group_value", "group", "text"),
        Column("verdict", "verdict", "text"),
        Column("accuracy", "accuracy", "share"),
        Column("interval", "95 % interval", "text"),
        Column("length_accuracy", "length alone", "share"),
        Column("n_labels", "labels", "count"),
        Column("text", "constitution", "text"),
    ]
    return table(columns, map(_unprefixed, shown))


def _beside(found: Findings, source: str) -> list[tuple[str, Table]]:
    """Return for each way to make groups the strengths in each, side by side."""
    effects = found.measured.effects.filter(pl.col("group_by") != _ALL, source=source)
    shown = []
    for way in effects["group_by"].unique().sort():
        rows = numbers.side_by_side(
            found.measured, source, way, groups=found.params.groups, rows=_ROWS_BESIDE
        )
        if rows.height:
            shown.append((way, _strengths(rows, ("principle_id", "sentence", "differs", "q"))))
    return shown


def _across(found: Findings) -> Table | None:
    rows = numbers.across_sources(found.measured, _ROWS_BESIDE)
    return _strengths(rows, ("principle_id", "sentence")) if rows.height else None


def _strengths(rows: pl.DataFrame, known: tuple[str, ...]) -> Table:
    """Return strengths as a table with a column for each group or source."""
    names = [name for name in rows.columns if name not in known]
    shown = [
        {"sentence": row["sentence"], "differs": _differs(row)}
        | {f"group {name}": signed(row[name]) for name in names}
        for row in rows.iter_rows(named=True)
    ]
    columns = [Column("sentence", _THAT, "text")]
    columns += [Column("differs", "groups differ", "text")] if "differs" in rows.columns else []
    columns += [Column(f"group {name}", name, "text") for name in names]
    return table(columns, map(_unprefixed, shown))


def _differs(row: dict[str, Any]) -> str:
    """Say whether groups differ by the test of any difference; a dash where there is none."""
    if row.get("differs"):
        return "yes"
    return "–" if row.get("q") is None else "no"


def _suppressed(effects: pl.DataFrame) -> int:
    cells = effects.filter(status="suppressed").select("group_by", "group_value").unique()
    return cells.height


def _unprefixed(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out of sentences what the title of the column says."""
    said = {
        name: row[name].replace(numbers.PREFIX, "")
        for name in ("sentence", "holds", "text")
        if isinstance(row.get(name), str)
    }
    return row | said


def _percents(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{100 * low:.1f} – {100 * high:.1f} %"


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return f"<\N{NO-BREAK SPACE}{_SMALL}" if value < _SMALL else f"{value:.3f}"
