"""The figures of the report: curves of cost and accuracy, and agreement by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.reports._page.figures import Drawn, draw

if TYPE_CHECKING:
    from prefdata.reports._page.figures import Theme
    from prefdata.reports._routing.read import Planned

__all__ = ["agreement_figure", "curve_figure", "figures"]

_MEASURES = {
    "label-accuracy": "labels that agree with other people, %",
    "model-accuracy": "accuracy of a reward head, %",
}
_RANDOM, _ORACLE = "random", "oracle"
_ENDS = ("ai", "human")
_ROW = 0.24
_MOST_GROUPS = 30


def figures(planned: Planned, agreements: pl.DataFrame) -> dict[str, Drawn]:
    """Draw all figures there is something for, by name."""
    drawn = {}
    for number, (source, aspect) in enumerate(planned.plans, start=1):
        curves = planned.curves.filter(source=source, aspect=aspect).drop_nulls("value")
        if curves.filter(pl.col("measure").is_in(list(_MEASURES))).height:
            drawn[f"curve-{number}"] = curve_figure(curves)
    groups = agreements.drop_nulls("value") if agreements.height else agreements
    groups = groups.filter(coefficient="krippendorff-nominal") if groups.height else groups
    if groups.height:
        drawn["agreement"] = agreement_figure(groups.head(_MOST_GROUPS))
    return drawn


def curve_figure(curves: pl.DataFrame) -> Drawn:
    """Draw accuracy against the share that people judge, a panel for each measure.

    The router of the plan and random choice come with their 95 % intervals; other routers are thin
    lines, the oracle a dotted one.
    """
    measures = [name for name in _MEASURES if name in set(curves["measure"])]
    chosen = curves.filter("is_chosen")["router"]
    best = None if chosen.is_empty() else str(chosen[0])

    def paint(figure: Any, theme: Theme) -> None:
        places = np.atleast_1d(figure.subplots(1, len(measures)))
        for place, measure in zip(places, measures, strict=True):
            _panel(place, curves.filter(measure=measure), best, theme)
            place.set_ylabel(_MEASURES[measure])
            place.set_xlabel("judged by people, % of comparisons")
        handles, labels = places[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=4)

    return draw(paint, width=4.6 * len(measures), height=3.9)


def _panel(place: Any, curves: pl.DataFrame, best: str | None, theme: Theme) -> None:
    """Draw the curves of one measure."""
    shown = {_RANDOM: theme.series[1]} | ({best: theme.series[0]} if best else {})
    others = sorted(set(curves["router"]) - {*shown, _ORACLE, *_ENDS})
    for router in others:
        share, value, _, _ = _line(curves, router)
        label = "other routers" if router == others[0] else None
        place.plot(share, value, color=theme.series[2], lw=0.9, label=label)
    if _ORACLE in set(curves["router"]):
        share, value, _, _ = _line(curves, _ORACLE)
        place.plot(share, value, color=theme.quiet, lw=1.1, ls=":", label="oracle")
    for router, color in shown.items():
        share, value, low, high = _line(curves, router)
        place.fill_between(share, low, high, color=color, alpha=0.16, lw=0)
        place.plot(share, value, color=color, lw=1.8, marker=".", label=router)
    chosen = curves.filter("is_chosen")
    if chosen.height:
        place.axvline(100 * float(chosen["share"][0]), color=theme.quiet, lw=0.9, ls="--")


def _line(curves: pl.DataFrame, router: str) -> tuple[np.ndarray[Any, Any], ...]:
    rows = curves.filter(router=router).sort("share")
    middle = pl.col("value")
    return tuple(
        100 * rows.select(expression.cast(pl.Float64)).to_series().to_numpy()
        for expression in (
            pl.col("share"),
            middle,
            pl.coalesce("low", middle),
            pl.coalesce("high", middle),
        )
    )


def agreement_figure(rows: pl.DataFrame) -> Drawn:
    """Draw Krippendorff's alpha of each group, with its interval."""
    names = [
        f"{among}: all" if by == "all" else f"{by}: {value}"
        for among, by, value in rows.select("among", "group_by", "group_value").iter_rows()
    ]
    value = rows["value"].to_numpy()
    low = rows["low"].fill_null(rows["value"]).to_numpy()
    high = rows["high"].fill_null(rows["value"]).to_numpy()
    places = np.arange(rows.height)[::-1]

    def paint(figure: Any, theme: Theme) -> None:
        place = figure.subplots()
        place.hlines(places, low, high, color=theme.series[0], lw=1.6)
        place.plot(value, places, "o", color=theme.series[0], ms=4.5)
        place.axvline(0, color=theme.quiet, lw=0.8)
        place.set_yticks(places, [name if len(name) < 44 else f"{name[:43]}…" for name in names])  # noqa: PLR2004
        place.grid(visible=False, axis="y")
        place.set_xlim(min(-0.05, float(low.min()) - 0.05), 1)
        place.set_xlabel("Krippendorff’s α (0: chance, 1: all agree)")

    return draw(paint, width=6.2, height=max(1.8, 0.9 + _ROW * rows.height))
