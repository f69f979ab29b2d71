"""The figures of the report; all are drawn from counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.reports._page.figures import Drawn, draw
from prefdata.reports._rationales.numbers import CLEAN, WHOLE

if TYPE_CHECKING:
    from prefdata.reports._page.figures import Theme
    from prefdata.reports._rationales.read import Gated

__all__ = ["check_figure", "figures", "length_figure", "power_figure"]

_ROW = 0.26
"""Inches of a row of names."""
_BINS = 30


def figures(gated: Gated, checks: pl.DataFrame, power: pl.DataFrame) -> dict[str, Drawn]:
    """Draw all figures there is something for, by name.

    Args:
        gated: The rationales.
        checks: From `numbers.by_check`.
        power: From `numbers.power`.
    """
    drawn = {}
    decided = checks.filter(pl.col("decided") > 0)
    if decided.height:
        drawn["checks"] = check_figure(decided)
    if power.height:
        drawn["power"] = power_figure(power)
    if gated.rows["n_words"].count():
        drawn["length"] = length_figure(gated.rows)
    return drawn


def check_figure(checks: pl.DataFrame) -> Drawn:
    """Draw what share of the rationales each check failed, with its interval."""
    rows = checks.sort("share", "check_name", descending=[False, True])
    share = 100 * rows["share"].to_numpy()
    low, high = (100 * rows[name].to_numpy() for name in ("low", "high"))
    places = np.arange(rows.height)

    def paint(figure: Any, theme: Theme) -> None:
        place = figure.subplots()
        place.barh(places, share, color=theme.series[0], height=0.62)
        place.hlines(places, low, high, color=theme.ink, linewidth=1.2)
        place.set_yticks(places, rows["check_name"].to_list())
        place.grid(visible=False, axis="y")
        place.set_xlim(0, max(1.0, 1.08 * float(high.max())))
        place.set_xlabel("rationales that fail, % of those that the check can tell of")

    return draw(paint, height=max(2.0, 0.8 + _ROW * rows.height))


def power_figure(power: pl.DataFrame) -> Drawn:
    """Draw what share of each control each check rejects, the whole gate first."""
    controls = sorted(power["control"].unique(), key=lambda name: (name != CLEAN, name))
    names = sorted(power["check_name"].unique(), key=lambda name: (name != WHOLE, name))
    grid = np.full((len(controls), len(names)), np.nan)
    for row in power.iter_rows(named=True):
        if row["share"] is not None:
            at = controls.index(row["control"]), names.index(row["check_name"])
            grid[at] = 100 * row["share"]

    def paint(figure: Any, theme: Theme) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        place = figure.subplots()
        ramp = LinearSegmentedColormap.from_list(
            "share", [theme.paper, theme.series[0]], bad=theme.grid
        )
        place.imshow(np.ma.masked_invalid(grid), cmap=ramp, vmin=0, vmax=100, aspect="auto")
        place.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
        place.set_yticks(range(len(controls)), controls)
        place.grid(visible=False)
        for (i, j), value in np.ndenumerate(grid):
            if np.isfinite(value):
                is_dark = value > 60  # noqa: PLR2004 - where light letters read better
                ink = theme.paper if is_dark else theme.ink
                place.text(j, i, f"{value:.0f}", ha="center", va="center", color=ink, fontsize=8)
        place.set_title("% rejected", loc="left")

    width = max(5.2, 1.9 + 0.5 * len(names))
    return draw(paint, width=width, height=max(2.4, 1.5 + _ROW * len(controls)))


def length_figure(rows: pl.DataFrame) -> Drawn:
    """Draw how long the texts are that are kept, and those that are not."""
    words = rows.drop_nulls("n_words").select("n_words", "is_kept")
    # A few texts that never end would leave all others one bar.
    most = max(int(words["n_words"].quantile(0.995, "nearest") or 1), 2)
    edges = np.unique(np.linspace(0, most + 1, min(_BINS, most + 1) + 1).round())
    counts = {
        is_kept: np.histogram(
            words.filter(is_kept=is_kept)["n_words"].clip(upper_bound=most).to_numpy(), edges
        )[0]
        for is_kept in (True, False)
    }

    def paint(figure: Any, theme: Theme) -> None:
        place = figure.subplots()
        for is_kept, label, color in ((True, "kept", 0), (False, "not kept", 1)):
            place.stairs(counts[is_kept], edges, label=label, color=theme.series[color], lw=1.8)
        place.set_xlabel("words")
        place.set_ylabel("rationales")
        place.set_ylim(bottom=0)
        place.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0)

    return draw(paint, height=2.8)
